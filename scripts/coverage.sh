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
# Measure which lines of the C++ sources and of the Python package the tests run.
#
#   scripts/coverage.sh FOLDER [c++] [python]     default: both
#
# The C++ tests need GoogleTest: on Debian, the package libgtest-dev. They run on a build for coverage. The Python tests run
# on the installed package (scripts/setup.sh --tests); the lines of C++ that they run are not counted. FOLDER gets the build and reports: c++.html, c++.txt, python/index.html,
# python.txt. The sums are printed.
#
# Environment: ITK_DIR, Torch_DIR, nlohmann_json_INCLUDE_DIR (default: those of scripts/setup.sh), CXX (GCC), and
# LATENT_SR_SHARED as for scripts/test.sh.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/plain-build.sh
source "$(dirname "${BASH_SOURCE[0]}")/plain-build.sh"

[ $# -ge 1 ] || { echo "usage: $0 FOLDER [c++] [python]" >&2; exit 2; }
use_folder "$1"
shift
[ $# -gt 0 ] || set -- c++ python
export LATENT_SR_SHARED=${LATENT_SR_SHARED:-$root/../shared}
python=$root/.venv-test/bin/python
[ -x "$python" ] || die "there are no test tools: run scripts/setup.sh --tests first"

install_tools() {
  "$python" -m venv "$folder/tools" && "$folder/tools/bin/pip" install gcovr &&
    "$root/.venv-test/bin/pip" install --upgrade --target "$folder/coverage" coverage
}

build_tests() {
  configure_plain "$folder/build" "${CXX:-g++}" "--coverage -fprofile-update=atomic -O1" -DBUILD_TESTING=ON &&
    ninja -C "$folder/build" -j "$jobs"
}

run_cxx_tests() {
  find "$folder/build" -name '*.gcda' -delete && ctest --test-dir "$folder/build" --output-on-failure --parallel "$jobs" --timeout 900
}

# Exceptions make branches of nearly every line, so only lines are counted: of a template once, not once for each type.
report_cxx() {
  cd "$folder" && "$folder/tools/bin/gcovr" --root "$root" --object-directory "$folder/build" --filter "$root/src/" \
    --filter "$root/include/" --exclude-directories '.*/CompilerId.*' --exclude-unreachable-branches \
    --gcov-ignore-parse-errors=all --merge-lines --print-summary --txt c++.txt --html-details c++.html
}

# The command ends by os._exit(), after which nothing could be written without the patch.
run_python_tests() {
  printf '%s\n' '[run]' 'source = latent_sr' 'parallel = true' 'patch = subprocess, _exit' "data_file = $folder/data" \
    > "$folder/coveragerc"
  rm -f "$folder"/data* && cd "$root" &&
    env PYTHONPATH="$folder/coverage" LATENT_SR_EXAMPLES="$build/examples" PATH="$root/.venv-test/bin:$root/.venv/bin:$PATH" \
      "$python" -m coverage run --rcfile "$folder/coveragerc" -m pytest -q test/python
}

report_python() {
  export PYTHONPATH=$folder/coverage
  cd "$folder" && "$python" -m coverage combine --rcfile coveragerc -q &&
    "$python" -m coverage html --rcfile coveragerc -q -d python && "$python" -m coverage report --rcfile coveragerc > python.txt
}

phase "Installing gcovr and coverage" install_tools
for kind in "$@"; do
  case $kind in
    c++)
      phase "C++: building" build_tests
      phase "C++: testing" run_cxx_tests
      phase "C++: report" report_cxx
      grep '^TOTAL' "$folder/c++.txt"
      ;;
    python)
      phase "Python: testing" run_python_tests
      phase "Python: report" report_python
      tail -n 1 "$folder/python.txt"
      ;;
    *) die "not c++ or python: $kind" ;;
  esac
done
