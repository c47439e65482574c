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
# Build this module with Debian 13's packages alone, run its tests, install it, and use it.
#
#   scripts/test-debian.sh [FOLDER]     needs root, and the package debootstrap
#
# FOLDER (default: a folder in /tmp) gets a Debian 13 of 5 GB. A later call continues. There, apt installs a compiler, ITK
# 5.4.3, LibTorch 2.6, JSON for Modern C++, Eigen and GoogleTest. A static library is built with the C++ tests and the
# examples, without a warning, and the tests are run. A shared library is built and installed, and the project
# test/consumer finds it there.
#
# Environment:
#   DEBIAN_MIRROR               a mirror of Debian (default: that of this machine's apt)
#   LATENT_SR_SHARED            real data and reference values. Tests that need them are skipped without
#   CMAKE_BUILD_PARALLEL_LEVEL  the number of jobs
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -le 1 ] || { echo "usage: $0 [FOLDER]" >&2; exit 2; }
[ "$(id -u)" = 0 ] || die "debootstrap and chroot need root"
command -v debootstrap > /dev/null || die "debootstrap is missing: apt-get install debootstrap"
use_folder "${1:-/tmp/latent-sr-debian-13}"
debian=$folder/debian
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
mirror=${DEBIAN_MIRROR:-$(debian_mirror)}
[ -n "$mirror" ] || die "DEBIAN_MIRROR is not set, and apt of this machine names no mirror"
packages=(g++ cmake ninja-build libinsighttoolkit5-dev libtorch-dev nlohmann-json3-dev libeigen3-dev libgtest-dev googletest)

# shellcheck disable=SC2329 # called by phase
make_debian() {
  rm -rf "$debian.part" && debootstrap --variant=minbase trixie "$debian.part" "$mirror" && mv "$debian.part" "$debian"
}

# in_debian COMMAND: run a shell command there. It sees the checkout as /src, and LATENT_SR_SHARED as /shared. A namespace
# of its own ends these mounts with the command.
in_debian() {
  mkdir -p "$debian/src" "$debian/shared"
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount bash -ec '
    mount -t proc proc "$1/proc"
    mount --bind -o ro "$2" "$1/src"
    [ -z "$3" ] || mount --bind -o ro "$3" "$1/shared"
    exec chroot "$1" env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive LATENT_SR_SHARED=/shared \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -ec "$4"
  ' bash "$debian" "$root" "${LATENT_SR_SHARED:-}" "$1"
}

[ -d "$debian" ] || phase "Making a Debian 13" make_debian
phase "Installing its packages" in_debian "apt-get update -qq && apt-get install -y -qq --no-install-recommends ${packages[*]}"
in_debian "dpkg-query -W -f '\${Package} \${Version}\n' g++ libinsighttoolkit5-dev libtorch-dev"
options="-DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS='-Wall -Wextra'"
phase "Configuring" in_debian "cmake -G Ninja -S /src -B /build/static $options -DBUILD_SHARED_LIBS=OFF -DBUILD_EXAMPLES=ON"
phase "Building the library, tests and examples" in_debian "ninja -C /build/static -j $jobs"
no_warnings "$logs/building-the-library-tests-and-examples.log" ^/src/ || die "the module has warnings"
phase "Testing" in_debian "ctest --test-dir /build/static --output-on-failure --no-tests=error --parallel $jobs"
ctest_said "$logs/testing.log"
phase "Building the shared library" in_debian "cmake -G Ninja -S /src -B /build/shared $options -DBUILD_TESTING=OFF &&
  ninja -C /build/shared -j $jobs"
phase "Installing it" in_debian "cmake --install /build/shared && ldconfig"
phase "Building and running an outside project" in_debian "rm -rf /build/consumer &&
  cmake -G Ninja -S /src/test/consumer -B /build/consumer -DCMAKE_BUILD_TYPE=Release && ninja -C /build/consumer &&
  ctest --test-dir /build/consumer --verbose --no-tests=error"
ctest_said "$logs/building-and-running-an-outside-project.log"
