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
# Build everything and run the tests: the GoogleTests of the C++ library, then the Python tests. The latter use the
# wheel, installed beside the itk wheels in a clean environment.
#
#   scripts/test.sh [PYTEST-ARGUMENTS…]
#   scripts/test.sh --without-shared   builds nothing. Runs the tests that look for shared data again, with an empty
#                                      folder: each has to skip itself or make its input.
#
# The environment variables are those of scripts/setup.sh, and LATENT_SR_SHARED: a folder with real data and reference
# values (default: the folder shared beside the checkout). Tests that need data it does not have are skipped. The Python
# tests find the C++ examples in LATENT_SR_EXAMPLES, which is set here.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ctest_log=$logs/ctest.log pytest_log=$logs/pytest.log
if [ "$*" = --without-shared ]; then
  [ -x "$root/.venv-test/bin/pytest" ] && [ -f "$build/cmake/CTestTestfile.cmake" ] || die "there is nothing to test: run $0 first"
  LATENT_SR_SHARED=$(mktemp -d)
  trap 'rmdir "$LATENT_SR_SHARED"' EXIT
  ctest_log=$logs/ctest-without-shared.log pytest_log=$logs/pytest-without-shared.log
  # The names of all C++ tests that look for shared data contain this word.
  ctest_selection=(--tests-regex ReferenceValues)
  set -- -m shared
else
  "$root/scripts/setup.sh" --tests
  ctest_selection=()
fi
export LATENT_SR_SHARED=${LATENT_SR_SHARED:-$root/../shared}
export LATENT_SR_EXAMPLES=$build/examples
export PATH="$root/.venv-test/bin:$root/.venv/bin:$root/.venv-build/bin:$PATH"
failed=0
cd "$root"
ctest --test-dir "$build/cmake" --output-on-failure --no-tests=error --parallel "$(nproc)" "${ctest_selection[@]}" 2>&1 |
  tee "$ctest_log" || failed=1
# The runtimes of ONNX and the notebook's kernel get a process of their own: ITK, LibTorch and all libraries of the other tests
# are not loaded beside them.
apart=(test/python/test_onnx_export.py test/python/test_notebook.py)
if [ $# -gt 0 ]; then
  pytest test/python "$@" 2>&1 | tee "$pytest_log" || failed=1
else
  pytest "${apart[@]}" 2>&1 | tee "$pytest_log" || failed=1
  pytest test/python "${apart[@]/#/--ignore=}" 2>&1 | tee --append "$pytest_log" || failed=1
fi
exit $failed
