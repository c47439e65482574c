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
#   ITK_SOURCE_DIR, DEBIAN_SUITE  where the source of ITK comes from (scripts/itk-source.sh)
#   PYTHON                        the interpreter to wrap for, 3.11 or newer (default: python3)
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/itk-source.sh
source "$(dirname "${BASH_SOURCE[0]}")/itk-source.sh"

[ $# -eq 1 ] || { echo "usage: $0 PREFIX" >&2; exit 2; }
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
python=${PYTHON:-python3}

[ -f "$prefix/complete" ] && exit 0

# SWIG must have the version that made the PyPI itk wheels, because modules in one process share SWIG's type table.
[ -x "$prefix/tools/bin/pip" ] || "$python" -m venv --clear "$prefix/tools"
"$prefix/tools/bin/pip" install --quiet swig==4.3.0 castxml tbb-devel ninja "cmake<4.3"
export PATH="$prefix/tools/bin:$PATH"
mkdir -p "$prefix/tbb/lib/cmake" "$prefix/tbb/include"
cp -a "$prefix/tools/lib/cmake/tbb" "$prefix/tbb/lib/cmake/"
cp -a "$prefix"/tools/lib/libtbb*.so* "$prefix/tbb/lib/"
cp -a "$prefix/tools/include/tbb" "$prefix/tools/include/oneapi" "$prefix/tbb/include/"

check_itk_source_dir
source=${ITK_SOURCE_DIR:-$prefix/source}
fetch_itk_source "$source"

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
