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
# Run clang-tidy on the library with the checks of .clang-tidy.
#
#   scripts/tidy.sh FOLDER
#
# Needs clang-tidy, and Clang for the build's description: on Debian, the packages clang-16 and clang-tidy-16. FOLDER gets
# that description. Sources that include LibTorch are checked together, by folder, as they are compiled.
#
# Environment: CLANGXX, CLANG_TIDY (default: clang-tidy-16, else clang-tidy), and ITK_DIR, Torch_DIR,
# nlohmann_json_INCLUDE_DIR (default: those of scripts/setup.sh)
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/plain-build.sh
source "$(dirname "${BASH_SOURCE[0]}")/plain-build.sh"

[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
use_folder "$1"
tidy=${CLANG_TIDY:-$(command -v clang-tidy-16 || command -v clang-tidy || true)}
[ -n "$tidy" ] || die "there is no clang-tidy: apt-get install clang-tidy-16"

check_all() {
  local database=$folder/compile_commands.json
  python3 -c 'import json, sys; print("\n".join(e["file"] for e in json.load(open(sys.argv[1])) if "/src/" in e["file"]))' "$database" |
    xargs -d '\n' -n 1 -P "$jobs" "$tidy" --quiet -p "$folder" --config-file="$root/.clang-tidy"
}

phase "Describing the build" configure_plain "$folder" "$(find_clang)" "" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DBUILD_TESTING=OFF
phase "clang-tidy" check_all
