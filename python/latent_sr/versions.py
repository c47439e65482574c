# ==========================================================================
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
# ==========================================================================
"""The versions of this package and of the libraries that it uses."""

import os
from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    """The version of this package; "unknown" for a source tree that is not installed."""
    return _version_of("itk-latentspacesuperresolution")


def _version_of(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def versions() -> dict[str, str]:
    """The versions of this package, Python, ITK, LibTorch and NumPy; and the operating system."""
    import platform

    return {
        "latent_sr": package_version(),
        "python": platform.python_version(),
        "itk": _version_of("itk-core"),
        "torch": _version_of("torch"),
        "numpy": _version_of("numpy"),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
    }
