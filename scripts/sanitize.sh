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
# Run the C++ tests with sanitizers.
#
#   scripts/sanitize.sh FOLDER [address] [thread]     default: both
#
#   address   AddressSanitizer with LeakSanitizer, and UndefinedBehaviorSanitizer
#   thread    ThreadSanitizer
#
# The library and its tests are instrumented. LibTorch, ITK's libraries and TBB are not: test/sanitizers says which
# reports about them are left out, and why. Needs Clang with its sanitizers, and GoogleTest: on Debian, the packages
# clang-16, libclang-rt-16-dev and libgtest-dev. FOLDER gets the builds and the logs. A later call continues.
#
# Environment:
#   CLANGXX                     the compiler (default: clang++-16, else clang++)
#   ITK_DIR, Torch_DIR, nlohmann_json_INCLUDE_DIR   default: those of scripts/setup.sh
#   LATENT_SR_SHARED            real data and reference values. Tests that need them are skipped without
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/plain-build.sh
source "$(dirname "${BASH_SOURCE[0]}")/plain-build.sh"

[ $# -ge 1 ] || { echo "usage: $0 FOLDER [address] [thread]" >&2; exit 2; }
use_folder "$1"
shift
[ $# -gt 0 ] || set -- address thread
suppressions=$root/test/sanitizers
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export LSAN_OPTIONS=suppressions=$suppressions/leaks.txt:print_suppressions=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=suppressions=$suppressions/threads.txt:halt_on_error=1:history_size=4
# Debian keeps the symbolizer beside the compiler.
symbolizer=$(dirname "$(readlink -f "$(command -v "$(find_clang)")")")/llvm-symbolizer
[ ! -x "$symbolizer" ] || export ASAN_SYMBOLIZER_PATH=$symbolizer

build_tests() {
  configure_plain "$@" -DBUILD_TESTING=ON && ninja -C "$1" -j "$jobs"
}

run_tests() {
  # ThreadSanitizer starts a thread of its own, which the excluded test counts.
  ctest --test-dir "$1" --output-on-failure --no-tests=error --parallel "$jobs" --timeout 900 \
    --exclude-regex '^Threads\.AreNotStartedIfOneIsEnough$'
}

for kind in "$@"; do
  case $kind in
    address) flags=$sanitizers ;;
    thread)
      flags="-fsanitize=thread"
      # ThreadSanitizer sees how these threads synchronize, but not those of TBB and OpenMP.
      export ITK_GLOBAL_DEFAULT_THREADER=Platform OMP_THREAD_LIMIT=1
      ;;
    *) die "not address or thread: $kind" ;;
  esac
  phase "$kind: building" build_tests "$folder/$kind" "$(find_clang)" "$flags"
  phase "$kind: testing" run_tests "$folder/$kind"
  ctest_said "$logs/$kind-testing.log"
done
