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
# Build the site of the documentation in build/docs/html. Warnings are errors. The site needs no network.
#
#   scripts/docs.sh
#
# Sets up first (scripts/setup.sh), installs Sphinx into .venv-docs, and Doxygen, which is Debian's package doxygen, if it is
# missing. The environment variables are those of scripts/setup.sh.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"$root/scripts/setup.sh"

install_doxygen() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends doxygen
}
if ! command -v doxygen > /dev/null; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    die "there is no doxygen: install it, on Debian by apt-get install doxygen"
  fi
  phase "Installing Doxygen" install_doxygen
fi

tools=(sphinx==9.0.4 myst-nb==1.4.0 breathe==5.1.0 furo==2025.12.19 sphinx-copybutton==0.5.2 latex2mathml==3.81.1)
venv=$root/.venv-docs
packages=$("$root/.venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# The pages on Python are made from the installed package.
install_tools() {
  rm -rf "$venv" && "$root/.venv/bin/python" -m venv "$venv" && "$venv/bin/pip" install "${tools[@]}" &&
    echo "$packages" > "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/user.pth"
}
if [ "$(cat "$venv/stamp" 2> /dev/null)" != "${tools[*]} $packages" ]; then
  phase "Installing Sphinx into .venv-docs" install_tools
  echo "${tools[*]} $packages" > "$venv/stamp"
fi

output=$build/docs
mkdir -p "$output/doxygen"
read_headers() {
  cd "$root" && { cat docs/Doxyfile; echo "OUTPUT_DIRECTORY = $output/doxygen"; } | doxygen -
}
write_site() {
  # Old pages would stay.
  rm -rf "$output/html" && LATENT_SR_DOXYGEN_XML=$output/doxygen/xml "$venv/bin/python" -m sphinx -W --keep-going -j auto -b html -d "$output/doctrees" "$root/docs" "$output/html"
}
phase "Doxygen" read_headers
phase "Sphinx" write_site
echo "The site: $output/html/index.html"
