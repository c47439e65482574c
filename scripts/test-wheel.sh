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
# Test the wheel in clean environments, one for each Python, as users have them: with no other path to LibTorch, ITK or
# the checkout than the installed wheels.
#
#   scripts/test-wheel.sh FOLDER [PYTHON…]     PYTHON: an interpreter, 3.11 or newer (default: python3)
#
# First, the source distribution is built, unpacked, and makes a wheel by its own scripts/setup.sh. That wheel is tested:
# each PYTHON gets an environment of 1.5 GB, or of 6 GB if pip finds LibTorch for GPUs only, with the wheel, what it
# requires, and tools of the tests. All Python tests are run. Then itk-elastix and other modules of ITK are installed
# beside it, and the tests that load ITK in different ways are run again.
#
# FOLDER gets the environments and logs. A later call makes new ones.
#
# Environment: ITK_DIR, ITK_SDK_ARCHIVE, PIP_EXTRA_INDEX_URL and others as for scripts/setup.sh, LATENT_SR_SHARED as for
# scripts/test.sh.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -ge 1 ] || { echo "usage: $0 FOLDER [PYTHON…]" >&2; exit 2; }
use_folder "$1"
shift
[ $# -gt 0 ] || set -- python3
[ -x "$root/.venv-build/bin/python" ] || die "there are no build tools: run scripts/setup.sh first"
export LATENT_SR_SHARED=${LATENT_SR_SHARED:-$root/../shared}

unpack_sdist() {
  rm -rf "$folder/sdist" && "$root/.venv-build/bin/python" -m build --sdist --no-isolation --outdir "$folder/sdist" "$root" &&
    tar -xf "$folder"/sdist/*.tar.gz -C "$folder/sdist" --strip-components 1
}

make_environment() {
  local python=$1 environment=$2
  rm -rf "$environment" && "$python" -m venv "$environment" && "$environment/bin/pip" install "torch==$torch_version" &&
    "$environment/bin/pip" install "itk==$itk_version" "$wheel" "${test_tools[@]}"
}

add_modules() {
  "$1/bin/pip" install "${other_itk_modules[@]}" itk-montage itk-minimalpathextraction
}

# run_tests ENVIRONMENT TESTS…: outside of the checkout, so that Python imports nothing from it.
run_tests() {
  local environment=$1
  shift
  cd "$folder" && env PATH="$environment/bin:$PATH" "$environment/bin/pytest" -c "$root/pyproject.toml" \
    -o cache_dir="$folder/pytest_cache" "${@/#/$root/test/python/}"
}

said() {
  tail -n 1 "$(log_of "$1")"
}

phase "Building and unpacking the source distribution" unpack_sdist
phase "Building a wheel from it" "$folder/sdist/scripts/setup.sh"
wheel=$(echo "$folder"/sdist/dist/*.whl)
du -h "$wheel"
for python in "$@"; do
  name=$("$python" -c 'import sys; print("Python {}.{}".format(*sys.version_info))')
  environment=$folder/${name/ /-}
  phase "$name: making an environment" make_environment "$python" "$environment"
  phase "$name: tests" run_tests "$environment" ""
  said "$name: tests"
  phase "$name: adding other modules" add_modules "$environment"
  phase "$name: tests beside them" run_tests "$environment" test_other_modules.py test_itk_loading.py test_filter.py \
    test_fork.py test_io.py test_upsample.py test_evaluate.py test_metrics.py
  said "$name: tests beside them"
done
