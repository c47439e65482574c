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
"""docs/objects.md has the refusals word by word. Its programs are tested with those of all pages."""

import latent_sr
import numpy as np
import pytest
from conftest import REPOSITORY, image_of, phantom
from latent_sr.errors import LatentSRError

PAGE = (REPOSITORY / "docs" / "objects.md").read_text(encoding="utf-8")

STACK = phantom(3, 16, 16)
CINE = np.stack([STACK, STACK])
FLAT = np.diag([1.4, 1.4, 8.0, 1.0])
SHEARED = FLAT + np.eye(4, k=2)


def labeled(dims="zyx", **coords):
    """Return a data array of xarray."""
    xarray = pytest.importorskip("xarray")
    places = {"z": [0.0, 8.0, 16.0], "y": np.arange(16.0), "x": np.arange(16.0), **coords}
    return xarray.DataArray(STACK, dims=list(dims), coords={dim: places[dim] for dim in places if dim in dims})


REFUSED = {
    "a list": lambda: ([[[1.0]]], {}),
    "a file name": lambda: ("thick.nii", {}),
    "an array alone": lambda: (STACK, {}),
    "both parameters": lambda: (STACK, {"affine": FLAT, "input_spacing": (8, 1.4, 1.4)}),
    "a parameter for another image": lambda: (image_of(STACK), {"affine": FLAT}),
    "an affine of 3 x 3": lambda: (STACK, {"affine": FLAT[:3, :3]}),
    "an affine with another last row": lambda: (STACK, {"affine": FLAT + np.eye(4, k=-3)}),
    "an affine that is not finite": lambda: (STACK, {"affine": np.diag([1.4, 1.4, np.nan, 1])}),
    "an affine with shear": lambda: (STACK, {"affine": SHEARED}),
    "too few spacings": lambda: (STACK, {"input_spacing": (8, 1.4)}),
    "a cine without None": lambda: (CINE, {"input_spacing": (1, 8, 1.4, 1.4)}),
    "a spacing of 0": lambda: (STACK, {"input_spacing": (8, 0, 1.4)}),
    "equal spacings": lambda: (STACK, {"input_spacing": (2, 2, 2)}),
    "an axis that is not there": lambda: (STACK, {"input_spacing": (8, 1.4, 1.4), "axis": 3}),
    "the time as the slice axis": lambda: (CINE, {"input_spacing": (None, 8, 1.4, 1.4), "axis": 0}),
    "spacings as `spacing`": lambda: (STACK, {"spacing": (8, 1.4, 1.4)}),
    "2D": lambda: (STACK[0], {"affine": FLAT}),
    "no pixels": lambda: (STACK[:0], {"affine": FLAT}),
    "truth values": lambda: (STACK > 0, {"affine": FLAT}),
    "other dims": lambda: (labeled("kyx"), {}),
    "dims without coordinates": lambda: (labeled().drop_vars("y"), {}),
    "words as coordinates": lambda: (labeled(z=["a", "b", "c"]), {}),
    "uneven coordinates": lambda: (labeled(z=[0.0, 8.0, 17.0]), {}),
}
"""For each refusal, a function that returns an image and parameters."""


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_is_on_the_page(what):
    image, parameters = REFUSED[what]()
    with pytest.raises(LatentSRError) as refusal:
        latent_sr.upsample(image, **parameters)
    assert f"| {what} | {refusal.value} |" in PAGE


def test_the_page_has_no_other_refusals():
    rows = PAGE.split("| what | message |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(REFUSED)
