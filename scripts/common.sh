# shellcheck shell=bash
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
# Settings and functions that the scripts of this folder share. They source this file.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=$root/build
logs=$build/logs
mkdir -p "$logs"
# Variables of another project's environment must not affect this one.
unset PYTHONPATH PYTHONHOME
# An environment of this checkout may be in the user's PATH. Its interpreter must not be the one that makes it again.
without_own_environments() {
  local parts part physical path=
  IFS=: read -ra parts <<< "$PATH"
  for part in "${parts[@]}"; do
    physical=$(cd "$part" 2> /dev/null && pwd -P) || physical=$part
    case $physical in
      "$root"/.venv*/bin) ;;
      *) path+=${path:+:}$part ;;
    esac
  done
  echo "$path"
}
PATH=$(without_own_environments)
unset VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK=1

# What the module is built against, and what its Python tests need beside it.
# shellcheck disable=SC2034 # used by the scripts that source this file
{
  itk_version=5.4.7
  torch_version=2.13.0
  test_tools=(pytest hypothesis scikit-image SimpleITK dcm2niix safetensors distributed xarray monai torchio onnx onnxruntime openvino
    nbclient ipykernel)
  other_itk_modules=(itk-elastix itk-texturefeatures)
}

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# use_folder FOLDER: make a folder for a script's work, and set `folder` and `logs`.
use_folder() {
  folder=$(mkdir -p "$1" && cd "$1" && pwd -P)
  logs=$folder/logs
  mkdir -p "$logs"
}

# Print the name of the log of a phase.
log_of() {
  echo "$logs/$(tr -cs 'a-zA-Z0-9\n' '-' <<< "${1,,}").log"
}

# phase TITLE COMMAND…: run a command, and print one line with the elapsed time. The command's output goes to a log,
# whose end is shown if the command fails. If the command is a function, set -e has no effect inside: its steps have to
# be chained by &&. The command does not inherit the lock (descriptor 9).
phase() {
  local title=$1 log start=$SECONDS
  log=$(log_of "$title")
  shift
  printf '%s … ' "$title"
  if "$@" > "$log" 2>&1 < /dev/null 9>&-; then
    echo "done ($((SECONDS - start)) s)"
  else
    echo "failed ($((SECONDS - start)) s)"
    { grep -E '(^|[^a-z])error( [A-Z0-9]+)?:' "$log" | head -n 10; echo '…'; tail -n 40 "$log"; } | cut -c 1-400 >&2 || true
    die "$title: failed; all of its output is in $log"
  fi
}

# Print the first 16 hexadecimal digits of a hash of the arguments and of standard input.
fingerprint() {
  { printf '%s\n' "$@"; cat; } | sha256sum | cut -c 1-16
}

# no_warnings LOG PATTERN: fail if the log of a build has a warning about a file whose path matches an extended regular
# expression.
no_warnings() {
  ! grep -E "$2[^ ]*:[0-9]+:[0-9]+: warning:" "$1" | sort -u | head -n 20 | grep .
}

# Print the last line of a log of ctest.
ctest_said() {
  grep -E '^[0-9]+% tests passed' "$1" || die "ctest did not finish: $1"
}

# Print the mirror of Debian that this machine's apt uses, or nothing.
debian_mirror() {
  local mirror
  mirror=$(cat /etc/apt/sources.list.d/*.sources 2> /dev/null | awk '/^URIs:.*\/debian\/?$/ {print $2; exit}') || true
  [ -n "$mirror" ] || mirror=$(awk '$1 == "deb" && $0 ~ /\/debian\/? / {for (i = 2; i <= NF; ++i) if ($i ~ /:\/\//) {print $i; exit}}' \
    /etc/apt/sources.list 2> /dev/null) || true
  echo "$mirror"
}
