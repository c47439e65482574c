#!/usr/bin/env bash
#==========================================================================
#
#   Copyright NumFOCUS
#
#   Licensed under the Apache License, Version 2.0 (the "License");
#   you may not use this file except in compliance with the License.
#   You may obtain a copy of the License at
#
#          https://www.apache.org/licenses/LICENSE-2.0.txt
#
#   Unless required by applicable law or agreed to in writing, software
#   distributed under the License is distributed on an "AS IS" BASIS,
#   WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
#   See the License for the specific language governing permissions and
#   limitations under the License.
#
#==========================================================================
# Set up, super-resolve a real volume with the bundled model, and compare the model with the interpolators on slices
# that were dropped.
#
#   scripts/demo.sh [INPUT]     INPUT: a NIfTI, NRRD or MetaImage file, or a DICOM folder
#
# The result goes to demo-output/: the volume with 5 times as many slices, and a report. The default INPUT is a cardiac
# MR stack of the Sunnybrook data if ../shared has it, else a brain MR stack with slices of 6.5 mm from the source archive
# of the package pyradiomics (34 MB), else a volume that comes with the package nibabel.
# The environment variables are those of scripts/setup.sh.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -le 1 ] || { echo "usage: $0 [INPUT]" >&2; exit 2; }
[ $# -eq 0 ] || [ -e "$1" ] || die "no such file or folder: $1"

"$root/scripts/setup.sh"
output=$root/demo-output
mkdir -p "$output"

# pip can't download a source archive without running its setup.py, which needs numpy, setuptools and, since Python 3.12,
# a class that Python no longer has.
volume_from_pyradiomics() {
  local work status=0
  work=$(mktemp -d) || return 1
  cat > "$work/sitecustomize.py" << 'PYTHON'
import configparser


class SafeConfigParser(configparser.ConfigParser):
    readfp = configparser.ConfigParser.read_file


configparser.SafeConfigParser = SafeConfigParser
PYTHON
  PYTHONPATH="$work" "$root/.venv-build/bin/python" -m pip download --no-deps --no-build-isolation --no-binary pyradiomics \
    --dest "$work" pyradiomics==3.0.1 &&
    tar -xOf "$work/pyradiomics-3.0.1.tar.gz" pyradiomics-3.0.1/data/brain1_image.nrrd > "$work/input.nrrd" &&
    mv "$work/input.nrrd" "$1" || status=1
  rm -rf "$work"
  return $status
}

# nibabel's example has two phases. The first is used.
volume_from_nibabel() {
  local file
  file=$("$root/.venv/bin/python" -c 'import nibabel; print(nibabel.__path__[0])')/tests/data/example4d.nii.gz || return 1
  "$root/.venv/bin/python" - "$file" "$output/input.nii.gz" << 'PYTHON'
import sys

import latent_sr

latent_sr.write_volume(latent_sr.read_volume(sys.argv[1], phase=0), sys.argv[2], overwrite=True)
PYTHON
}

if [ $# -eq 1 ]; then
  input=$1
else
  # A subject that the bundled model was not trained on (docs/model-card.md).
  input=$(find "$root/../shared/data/cardiac/sunnybrook" -name 'SCD0000501*.nii.gz' 2> /dev/null | sort | head -n 1) || true
  if [ -z "$input" ]; then
    input=$output/brain-6.5mm.nrrd
    if [ ! -f "$input" ] && ! (phase "Downloading a brain MR stack with slices of 6.5 mm" volume_from_pyradiomics "$input") 2> /dev/null; then
      input=$output/input.nii.gz
      phase "Taking a brain MR volume from nibabel" volume_from_nibabel
      echo "The slices of this volume are nearly as thin as its pixels, so there is little to gain. To see more, give a"
      echo "stack of thick slices of your own: $0 VOLUME"
    fi
  fi
fi

echo "Input: $input"
"$root/.venv/bin/latent-sr" upsample "$input" "$output/volume.nii.gz" --factor 5 --overwrite
"$root/.venv/bin/latent-sr" evaluate "$input" --report "$output/report.html" --json "$output/evaluation.json" --overwrite
echo
echo "Volume with 5 times as many slices: $output/volume.nii.gz"
echo "Report, the comparison with the interpolators: $output/report.html"
