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
#   scripts/build-itk.sh [--tests] PREFIX
#
# It makes PREFIX/source, PREFIX/tbb and PREFIX/build. ITK_DIR is PREFIX/build then. The build tree contains absolute
# paths, so it can't be moved. Without --tests, only the libraries that the module's wheel links are built. With --tests,
# also those of the C++ tests and the examples, which are as many again: GDCM and the other formats, and ITK's own test
# tools. A call with a complete PREFIX returns at once. A call after an interruption continues.
#
# Environment:
#   ITK_SOURCE_DIR, DEBIAN_SUITE  where the source of ITK comes from (scripts/itk-source.sh). It is copied
#   PYTHON                        the interpreter to wrap for, 3.11 or newer (default: python3)
#   CMAKE_BUILD_PARALLEL_LEVEL    number of parallel jobs (default: number of processors)
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/itk-source.sh
source "$(dirname "${BASH_SOURCE[0]}")/itk-source.sh"

stage=complete
[ "${1:-}" != --tests ] || { stage=complete-tests; shift; }
[ $# -eq 1 ] || { echo "usage: $0 [--tests] PREFIX" >&2; exit 2; }
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
python=${PYTHON:-python3}
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

# The wrapped classes that the interface files of this module import, directly or through others. They are a tenth of
# what ITK wraps. A missing one makes SWIG fail when the module is wrapped. All are in ITK's module Common.
wrapped_classes="ITKCommonBase itkCovariantVector itkFixedArray itkImage itkImageRegion itkImageSource itkImageSourceCommon
                 itkImageToImageFilterA itkImageToImageFilterCommon itkIndex itkMatrix itkOffset
                 itkPhasedArray3DSpecialCoordinatesImage itkPoint itkRGBAPixel itkRGBPixel itkSize
                 itkSymmetricSecondRankTensor itkVariableLengthVector itkVector itkVectorImage stdcomplex vnl_matrix
                 vnl_matrix_fixed vnl_vector vnl_vector_ref"
# The module's wrapping also names ITKIOImageBase, which Python loads with it (wrapping/CMakeLists.txt).
wrapped_classes+=" ITKIOImageBaseBase"

# SWIG must have the version that made the PyPI itk wheels, because modules in one process share SWIG's type table.
install_tools() {
  [ -x "$prefix/tools/bin/pip" ] || "$python" -m venv --clear "$prefix/tools"
  "$prefix/tools/bin/pip" install --quiet swig==4.3.0 castxml tbb-devel ninja "cmake<4.3"
  mkdir -p "$prefix/tbb/lib/cmake" "$prefix/tbb/include"
  cp -a "$prefix/tools/lib/cmake/tbb" "$prefix/tbb/lib/cmake/"
  cp -a "$prefix"/tools/lib/libtbb*.so* "$prefix/tbb/lib/"
  cp -a "$prefix/tools/include/tbb" "$prefix/tools/include/oneapi" "$prefix/tbb/include/"
}

# Remove the descriptions of the classes that are not wrapped, and their names from the order in which ITK wraps them.
reduce_wrapping() {
  local folder description name
  find "$1/Modules" -mindepth 3 -maxdepth 3 -name wrapping ! -path '*/Core/Common/*' ! -path '*/IO/ImageBase/*' \
    -prune -exec rm -rf {} +
  for folder in "$1/Modules/Core/Common/wrapping" "$1/Modules/IO/ImageBase/wrapping"; do
    for description in "$folder"/*.wrap; do
      name=$(basename "$description" .wrap)
      grep -qw "$name" <<< "$wrapped_classes" || { rm "$description" && sed -i "/^ *$name\$/d" "$folder/CMakeLists.txt"; }
    done
  done
}

copy_source() {
  local part=$prefix/source.copy
  rm -rf "$part"
  if [ -n "${ITK_SOURCE_DIR:-}" ]; then
    cp -a "$ITK_SOURCE_DIR" "$part"
  else
    fetch_itk_source "$part"
  fi
  reduce_wrapping "$part"
  mv "$part" "$prefix/source"
}

# Static, position-independent, with TBB: like the PyPI itk wheels, which are loaded into the module's process.
# Only the modules that this module depends on are built, and the readers that its tests and examples use.
configure() {
  local modules="TBB Common Eigen3 IOImageBase ImageFilterBase ImageFunction ImageGrid Transform TestKernel GoogleTest IOGDCM
                 IOMeta IONIFTI IONRRD" flags=() m
  for m in $modules; do flags+=("-DModule_ITK$m=ON"); done
  cmake -G Ninja -S "$prefix/source" -B "$prefix/build" \
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_CXX_STANDARD=17 \
    -DBUILD_TESTING=OFF -DBUILD_EXAMPLES=OFF -DITK_FORBID_DOWNLOADS=ON -DITK_LEGACY_SILENT=ON \
    -DITK_BUILD_DEFAULT_MODULES=OFF -DITKGroup_Core=OFF "${flags[@]}" -DTBB_DIR="$prefix/tbb/lib/cmake/tbb" \
    -DITK_WRAP_PYTHON=ON -DITK_WRAP_DOC=OFF -DITK_USE_SYSTEM_SWIG=ON -DITK_USE_SYSTEM_CASTXML=ON \
    -DPython3_EXECUTABLE="$prefix/tools/bin/python" \
    -DITK_WRAP_unsigned_short=ON -DITK_WRAP_double=ON -DITK_WRAP_IMAGE_DIMS="2;3;4"
}

[ ! -f "$prefix/$stage" ] || exit 0
export PATH="$prefix/tools/bin:$PATH"
check_itk_source_dir
install_tools
[ -d "$prefix/source" ] || copy_source
[ -f "$prefix/complete" ] || configure

# Of the wrapping, only the interface files of the dependencies are needed. Their compiled Python modules come from the
# PyPI wheels at run time.
targets=(ITKCommonSwig ITKIOImageBaseSwig ITKCommon ITKIOImageBase ITKStatistics ITKTransform)
if [ $stage = complete-tests ]; then
  mapfile -t libraries < <(ninja -C "$prefix/build" -t targets all | sed -n 's/^cmake_object_order_depends_target_\([^:]*\): phony$/\1/p' | grep -v Python)
  targets+=("${libraries[@]}")
fi
ninja -C "$prefix/build" -j "$jobs" "${targets[@]}"
# The first stage keeps its date: what was built with it is still right.
[ -f "$prefix/complete" ] || date > "$prefix/complete"
[ -f "$prefix/$stage" ] || date > "$prefix/$stage"
