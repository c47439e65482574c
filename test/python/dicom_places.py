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
"""Check that each acquired pixel of a DICOM volume is at its position in the image, with its value and in its phase.

Expected results are computed from the attributes that were written, without the code of the package.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from dicom_files import OBLIQUE
from dicom_plans import PHASE, Plan, Plane
from latent_sr.errors import LatentSRError
from latent_sr.volumes import ReadOptions, open_volume, read_header

FARTHEST = 0.05
"""Largest allowed distance of a pixel from its position, in mm."""


def check(plan: Plan, folder: Path) -> None:
    """Read the files of a plan, and compare the volume with the plan."""
    try:
        volume = open_volume(folder)
    except LatentSRError as error:
        message = str(error)
        assert "\n" not in message, message
        assert str(folder) in message, message
        reasons = plan.required + plan.allowed
        assert reasons, f"refused without a fault: {message}"
        assert any(re.search(reason, message) for reason in reasons), f"{reasons} expected, but: {message}"
        return
    assert not plan.required, f"read, but has to be refused: {plan.required}"
    check_image(volume.image, plan.planes, plan.digits)
    check_header(plan, volume, folder)


def check_header(plan: Plan, volume, folder: Path) -> None:
    """Check everything except the pixels, and the reading of a single phase."""
    import itk

    image = volume.image
    size, spacing = list(image.GetLargestPossibleRegion().GetSize()), list(image.GetSpacing())
    header = read_header(folder)
    assert list(header.size) == size
    np.testing.assert_allclose(header.spacing, spacing)
    assert volume.slice_axis == header.slice_axis == 2
    assert volume.slice_thickness == header.slice_thickness == 5
    rescales = {(float(plane.slope or 1), float(plane.intercept or 0)) for plane in plan.planes}
    whole = len(rescales) == 1 and all(value.is_integer() for value in next(iter(rescales)))
    assert whole == (volume.component not in ("float", "double"))
    if len(size) == 4:
        if all(plane.trigger is not None for plane in plan.planes):
            assert spacing[3] == pytest.approx(PHASE / 1000, abs=1e-5)
        one = open_volume(folder, options=ReadOptions(phase=size[3] - 1)).image
        np.testing.assert_array_equal(itk.array_view_from_image(one), itk.array_view_from_image(image)[-1])


def check_image(image, planes: list[Plane], digits: int = 8) -> None:
    """Check that an image has each pixel of each plane at its position with its value, and no other pixels."""
    import itk

    phases = sorted({plane.phase for plane in planes})
    slices = {plane.slice for plane in planes}
    size = [int(length) for length in image.GetLargestPossibleRegion().GetSize()]
    assert len(size) == (3 if len(phases) == 1 else 4)
    assert size[2] == len(slices)
    assert len(phases) == (size[3] if len(size) == 4 else 1)
    voxels = itk.array_view_from_image(image)
    spacing = [float(image.GetSpacing()[axis]) for axis in range(len(size))]
    seen = np.zeros(voxels.shape, bool)
    for plane in planes:
        rows, columns = plane.stored.shape
        # Written positions and directions are rounded to a number of digits.
        allowed = FARTHEST + 10.0**-digits * max(rows, columns) * max(map(float, plane.spacing))
        corners = ((0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1), (columns // 2, rows // 3))
        found = []
        for column, row in corners:
            time = [phases.index(plane.phase) * spacing[3]] if len(size) == 4 else []
            index = image.TransformPhysicalPointToContinuousIndex([*plane.place(column, row).tolist(), *time])
            index = np.array([index[axis] for axis in range(len(size))])
            nearest = np.rint(index).astype(int)
            off = np.abs(index - nearest) * spacing
            assert off[:3].max() <= allowed, f"pixel {column, row} of {plane} is {off} mm away"
            assert (nearest >= 0).all() and (nearest < size).all(), f"pixel {column, row} of {plane} is outside"
            found.append(nearest)
        assert (found[-2] - found[0])[:2].tolist() == [columns - 1, rows - 1]
        assert len({tuple(index[2:]) for index in found}) == 1
        begin, end = found[0], found[-2] + 1
        place = (*found[0][:1:-1], slice(begin[1], end[1]), slice(begin[0], end[0]))
        np.testing.assert_allclose(
            voxels[place].astype(float), plane.values, rtol=1e-6, atol=1e-9 * np.abs(plane.values).max()
        )
        assert not seen[place].any(), "two planes are at one place"
        seen[place] = True
    # Pixels that no plane covers exist only if slices are shifted against each other.
    if not seen.all():
        assert seen.any(axis=(-1, -2)).all() and seen.any(axis=(0, 1) if seen.ndim == 3 else (0, 1, 2)).any()
        union = seen.reshape(-1, *seen.shape[-2:]).any(axis=0)
        assert union.any(axis=0).all() and union.any(axis=1).all(), "the image is larger than what was acquired"


def right_or_refused(folder: Path, datasets: list[list], reason: str = "") -> None:
    """Check that a volume of these phases is read with all pixels at their positions, or refused in one line."""
    try:
        image = open_volume(folder).image
    except LatentSRError as error:
        message = str(error)
        assert re.search(reason, message), message
        assert "\n" not in message, message
        assert str(folder).splitlines()[0] in message, message
        return
    planes = []
    for phase, part in enumerate(datasets):
        for number, dataset in enumerate(part):
            attributes = {
                "position": list(dataset.ImagePositionPatient),
                "orientation": list(dataset.ImageOrientationPatient),
                "spacing": list(dataset.PixelSpacing),
                "slope": dataset.get("RescaleSlope"),
                "intercept": dataset.get("RescaleIntercept"),
            }
            planes.append(Plane(number, phase, dataset.pixel_array, **attributes))
    check_image(image, planes)


def planes_of(values: np.ndarray, where: list[np.ndarray]) -> list[Plane]:
    """Return planes of oblique slices with given values at given positions."""
    along = [f"{value:.9f}" for value in OBLIQUE]
    return [
        Plane(number, 0, image, [f"{value:.6f}" for value in place], along, ["1.5", "1.25"])
        for number, (image, place) in enumerate(zip(values, where, strict=True))
    ]
