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
# Builds of the library that are no module of ITK, for the scripts of sanitizers, coverage and fuzz tests. They source
# common.sh and this file. A build as a module would write into ITK's build tree.
# shellcheck disable=SC2034,SC2154 # common.sh sets root, and the scripts use jobs

jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
PATH=$root/.venv-build/bin:$PATH
# Address and undefined behavior. Division of floating-point numbers by zero is defined by IEEE 754, and used.
sanitizers="-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=undefined,float-cast-overflow -fno-omit-frame-pointer"

find_clang() {
  local candidate
  for candidate in ${CLANGXX:-clang++-16 clang++}; do
    if command -v "$candidate"; then return; fi
  done
  die "there is no Clang: apt-get install clang-16 libclang-rt-16-dev, or set CLANGXX" >&2
}

# configure_plain FOLDER COMPILER FLAGS CMAKE-ARGUMENTS…
configure_plain() {
  local build=$1 compiler=$2 flags=$3 c_compiler
  shift 3
  c_compiler=${compiler/clang++/clang}
  c_compiler=${c_compiler/g++/gcc}
  cmake -G Ninja -S "$root" -B "$build" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_C_COMPILER="$c_compiler" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_CXX_FLAGS="$flags" -DLatentSpaceSuperResolution_PLAIN_LIBRARY=ON -DBUILD_SHARED_LIBS=OFF \
    -DITK_DIR="${ITK_DIR:-$root/build/itk}" -DITK_USE_KWSTYLE=OFF \
    -DTorch_DIR="${Torch_DIR:-$(echo "$root"/.venv/lib/python3.*/site-packages/torch/share/cmake/Torch)}" \
    -Dnlohmann_json_INCLUDE_DIR="${nlohmann_json_INCLUDE_DIR:-$(echo "$root"/.venv-build/lib/python3.*/site-packages/nlohmann_json/include)}" "$@"
}
