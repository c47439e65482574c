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
# Build the part of ITK 5.4.7 that this module is built, wrapped and tested against.
#
#   scripts/build-itk.sh PREFIX
#
# It makes PREFIX/source, PREFIX/tbb and PREFIX/build. ITK_DIR is PREFIX/build then. The build tree contains absolute
# paths, so it can't be moved. A call with a complete PREFIX returns at once. A call after an interruption continues.
#
# Environment:
#   ITK_SOURCE_DIR  an ITK 5.4.7 source tree. Default: Debian's source package (insighttoolkit5), or ITK's git
#                   repository if there is no apt.
#   DEBIAN_SUITE    the Debian release with that source package (default: sid)
#   PYTHON          the interpreter to wrap for, 3.11 or newer (default: python3)
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: $0 PREFIX" >&2; exit 2; }
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
python=${PYTHON:-python3}
itk_version=5.4.7
debian_version=$itk_version-1
suite=${DEBIAN_SUITE:-sid}

[ -f "$prefix/complete" ] && exit 0

# SWIG must have the version that made the PyPI itk wheels, because modules in one process share SWIG's type table.
[ -x "$prefix/tools/bin/pip" ] || "$python" -m venv --clear "$prefix/tools"
"$prefix/tools/bin/pip" install --quiet swig==4.3.0 castxml tbb-devel ninja "cmake<4.3"
export PATH="$prefix/tools/bin:$PATH"
mkdir -p "$prefix/tbb/lib/cmake" "$prefix/tbb/include"
cp -a "$prefix/tools/lib/cmake/tbb" "$prefix/tbb/lib/cmake/"
cp -a "$prefix"/tools/lib/libtbb*.so* "$prefix/tbb/lib/"
cp -a "$prefix/tools/include/tbb" "$prefix/tools/include/oneapi" "$prefix/tbb/include/"

# A separate apt configuration leaves the machine's configuration unchanged.
source_from_debian() {
  local work mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  command -v apt-get > /dev/null && command -v dpkg-source > /dev/null && [ -f "$keyring" ] || return 1
  mirror=$(cat /etc/apt/sources.list.d/*.sources 2> /dev/null | awk '/^URIs:.*\/debian\/?$/ {print $2; exit}')
  [ -n "$mirror" ] || mirror=$(awk '$1 == "deb" && $0 ~ /\/debian\/? / {for (i = 2; i <= NF; ++i) if ($i ~ /:\/\//) {print $i; exit}}' \
    /etc/apt/sources.list 2> /dev/null) || true
  [ -n "$mirror" ] || return 1
  work=$(mktemp -d)
  mkdir -p "$work"/state/lists/partial "$work"/cache/archives/partial
  echo "deb-src [signed-by=$keyring] $mirror $suite main" > "$work/sources.list"
  local apt=(apt-get -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::Lists="$work/state/lists" -o Dir::Cache="$work/cache")
  "${apt[@]}" update -qq &&
    (cd "$work" && "${apt[@]}" source -qq --download-only "insighttoolkit5=$debian_version" &&
      dpkg-source --no-check -x "insighttoolkit5_$debian_version.dsc" "$prefix/source.part" > /dev/null)
  local status=$?
  rm -rf "$work"
  return $status
}

source_from_git() {
  git clone --quiet --depth 1 --branch "v$itk_version" https://github.com/InsightSoftwareConsortium/ITK.git "$prefix/source.part"
}

if [ -n "${ITK_SOURCE_DIR:-}" ] && [ ! -f "$ITK_SOURCE_DIR/CMakeLists.txt" ]; then
  echo "$0: ITK_SOURCE_DIR is not a source tree of ITK: $ITK_SOURCE_DIR" >&2
  exit 1
fi
source=${ITK_SOURCE_DIR:-$prefix/source}
if [ ! -d "$source" ]; then
  rm -rf "$prefix/source.part"
  echo "Fetching the source of ITK $itk_version"
  source_from_debian || { rm -rf "$prefix/source.part"; source_from_git; } || {
    echo "$0: no source of ITK $itk_version: give a source tree in ITK_SOURCE_DIR, or an ITK build tree in ITK_DIR" >&2
    exit 1
  }
  rm -rf "$prefix"/source.part/{.ExternalData,.pc,debian,Examples,Documentation,Testing/Data,Modules/Video}
  mv "$prefix/source.part" "$source"
fi

# Static, position-independent, with TBB: like the PyPI itk wheels, which are loaded into the module's process.
# Only the modules that this module depends on are built, and the readers that its tests and examples use.
modules="TBB TestKernel GoogleTest Common Statistics Transform ImageFunction ImageGrid ImageIntensity ImageStatistics
         ImageCompose ImageNoise Smoothing Thresholding BridgeNumPy IOImageBase IOTransformBase IONIFTI IOMeta IONRRD
         IOPNG IOTIFF IOGDCM"
flags=()
for m in $modules; do flags+=("-DModule_ITK$m=ON"); done
cmake -G Ninja -S "$source" -B "$prefix/build" \
  -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_CXX_STANDARD=17 \
  -DBUILD_TESTING=OFF -DBUILD_EXAMPLES=OFF -DITK_FORBID_DOWNLOADS=ON -DITK_LEGACY_SILENT=ON \
  -DITK_BUILD_DEFAULT_MODULES=OFF "${flags[@]}" -DTBB_DIR="$prefix/tbb/lib/cmake/tbb" \
  -DITK_WRAP_PYTHON=ON -DITK_WRAP_DOC=OFF -DITK_USE_SYSTEM_SWIG=ON -DITK_USE_SYSTEM_CASTXML=ON \
  -DPython3_EXECUTABLE="$prefix/tools/bin/python" \
  -DITK_WRAP_unsigned_short=ON -DITK_WRAP_double=ON -DITK_WRAP_IMAGE_DIMS="2;3;4"

# Of the wrapping, only the interface files of the dependencies are needed. Their compiled Python modules come from the
# PyPI wheels at run time.
cd "$prefix/build"
libraries=$(ninja -t targets all | sed -n 's/^cmake_object_order_depends_target_\([^:]*\): phony$/\1/p' | grep -v Python)
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
# shellcheck disable=SC2086 # a list of targets
ninja -j "$jobs" $libraries
ninja -j "$jobs" ITK{Common,Statistics,ImageFilterBase,Transform,ImageFunction,ImageGrid,ImageIntensity,ImageStatistics,IOImageBase}Swig
date > "$prefix/complete"
