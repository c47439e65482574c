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
# The source of ITK, for the scripts that build ITK. They source common.sh and this file.
#
# Environment:
#   ITK_SOURCE_DIR  an ITK 5.4.7 source tree. Default: Debian's source package (insighttoolkit5), or ITK's git
#                   repository if there is no apt.
#   DEBIAN_SUITE    the Debian release with that source package (default: sid)

# A separate apt configuration leaves the machine's configuration unchanged.
source_from_debian() {
  # shellcheck disable=SC2154 # common.sh sets it
  local folder=$1 version=$itk_version-1 suite=${DEBIAN_SUITE:-sid}
  local work mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  command -v apt-get > /dev/null && command -v dpkg-source > /dev/null && [ -f "$keyring" ] || return 1
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || return 1
  work=$(mktemp -d)
  mkdir -p "$work"/state/lists/partial "$work"/cache/archives/partial
  echo "deb-src [signed-by=$keyring] $mirror $suite main" > "$work/sources.list"
  local apt=(apt-get -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::Lists="$work/state/lists" -o Dir::Cache="$work/cache")
  "${apt[@]}" update -qq &&
    (cd "$work" && "${apt[@]}" source -qq --download-only "insighttoolkit5=$version" &&
      dpkg-source --no-check --no-copy -x "insighttoolkit5_$version.dsc" "$folder" > /dev/null)
  local status=$?
  rm -rf "$work"
  return $status
}

source_from_git() {
  git clone --quiet --depth 1 --branch "v$itk_version" https://github.com/InsightSoftwareConsortium/ITK.git "$1"
}

# fetch_itk_source FOLDER: put the parts of ITK's source that this module needs into FOLDER, unless it exists.
fetch_itk_source() {
  local folder=$1
  [ ! -d "$folder" ] || return 0
  rm -rf "$folder.part"
  echo "Fetching the source of ITK $itk_version"
  source_from_debian "$folder.part" || { rm -rf "$folder.part"; source_from_git "$folder.part"; } || {
    echo "${0##*/}: no source of ITK $itk_version: give a source tree in ITK_SOURCE_DIR, or an ITK build tree in ITK_DIR" >&2
    return 1
  }
  rm -rf "$folder.part"/{.ExternalData,.pc,debian,Examples,Documentation,Testing/Data,Modules/Video}
  mv "$folder.part" "$folder"
}

# Complain about an ITK_SOURCE_DIR that is no source tree of ITK.
check_itk_source_dir() {
  if [ -n "${ITK_SOURCE_DIR:-}" ] && [ ! -f "$ITK_SOURCE_DIR/CMakeLists.txt" ]; then
    echo "${0##*/}: ITK_SOURCE_DIR is not a source tree of ITK: $ITK_SOURCE_DIR" >&2
    return 1
  fi
}
