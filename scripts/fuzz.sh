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
# Fuzz tests of the readers of model files and checkpoints, with libFuzzer, AddressSanitizer and
# UndefinedBehaviorSanitizer.
#
#   scripts/fuzz.sh FOLDER [MINUTES]     MINUTES: for each test (default: 20)
#
# Needs Clang with libFuzzer: on Debian, the packages clang-16 and libclang-rt-16-dev. FOLDER gets the build, and for
# each test its corpus, which a later call continues with, and the inputs that were found. The last lines of each log are
# printed: executions, coverage, corpus.
#
# Environment:
#   CLANGXX        the compiler (default: clang++-16, else clang++)
#   ITK_DIR, Torch_DIR, nlohmann_json_INCLUDE_DIR   default: those of scripts/setup.sh
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/plain-build.sh
source "$(dirname "${BASH_SOURCE[0]}")/plain-build.sh"

[ $# -ge 1 ] && [ $# -le 2 ] || { echo "usage: $0 FOLDER [MINUTES]" >&2; exit 2; }
use_folder "$1"
minutes=${2:-20}
[[ $minutes =~ ^[1-9][0-9]*$ ]] || die "MINUTES is $minutes, but has to be a whole number of at least 1"
fuzzers=(ModelFile ModelHeader Checkpoint)

# shellcheck disable=SC2329 # called by phase
build_fuzzers() {
  configure_plain "$folder/build" "$(find_clang)" "-fsanitize=fuzzer-no-link $sanitizers" \
    -DLatentSpaceSuperResolution_FUZZING=ON -DBUILD_TESTING=OFF && ninja -C "$folder/build" -j "$jobs"
}

# shellcheck disable=SC2329 # called by phase
make_seeds() {
  "$folder/build/test/fuzz/itkFuzzingSeeds" "$folder/seeds"
}

# A new input that is longer than a few times the seeds rarely finds anything. The limits on memory are findings: a
# reader may take a small multiple of the file's size.
# shellcheck disable=SC2329 # called by phase
fuzz() {
  local name=$1
  mkdir -p "$folder/corpus/$name" "$folder/found" && cd "$folder" &&
    "$folder/build/test/fuzz/itk${name}Fuzzer" -max_total_time=$((minutes * 60)) -timeout=20 -rss_limit_mb=2048 \
      -malloc_limit_mb=256 -max_len=16384 -use_value_profile=1 -print_final_stats=1 -dict="$root/test/fuzz/safetensors.dict" \
      -artifact_prefix="$folder/found/$name-" "$folder/corpus/$name" "$folder/seeds/$name"
}

phase "Building the fuzz tests" build_fuzzers
phase "Making seeds" make_seeds
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
for name in "${fuzzers[@]}"; do
  phase "$name: $minutes minutes" fuzz "$name"
  log=$(log_of "$name: $minutes minutes")
  grep -E 'DONE|^#.*cov:' "$log" | tail -n 1
  grep 'stat::number_of_executed_units' "$log"
done
