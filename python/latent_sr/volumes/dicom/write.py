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
"""Writing of a derived DICOM series, with the patient and study attributes of its source.

pydicom writes one classic image per slice, also if the source is an enhanced file: every reader reads classic images.
"""

import io
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError, one_line
from latent_sr.interrupts import removed_on_sigterm
from latent_sr.versions import package_version
from latent_sr.volumes.dicom.scan import quiet_pydicom
from latent_sr.volumes.dicom.stack import SLICE_AXIS, Stack
from latent_sr.volumes.dicom.template import template_of
from latent_sr.volumes.outputs import (
    check_folder_of,
    check_not_there,
    remove_leftovers,
    replaced_by,
    synchronize,
    temporary_beside,
    writing,
)

MANUFACTURER = "ITKLatentSpaceSuperResolution"


@dataclass(frozen=True)
class Derivation:
    """A description of how a volume was made from its source.

    Attributes
    ----------
    description
        A sentence that names the software, the model and the mode.
    series_suffix
        A short text that is appended to the source's series description.
    """

    description: str
    series_suffix: str


def check_series_output(path: Path, source: Path, overwrite: bool) -> Path:
    """Check that a series can be written to a folder, before anything is computed.

    Raises
    ------
    UsageError
        If the folder is the source, or one lies in the other.
    LatentSRError
        If the folder exists and must not, or holds files other than a series that this module wrote.
    """
    here, there = path.resolve(), source.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise UsageError(f"the output folder '{path}' and the input '{source}' lie in each other: name another output")
    if path.exists() and not path.is_dir():
        raise LatentSRError(f"'{path}' is a file, but --output-format dicom writes a folder")
    check_folder_of(path, may_be_made=True)
    inside = sorted(path.iterdir()) if path.exists() else []
    check_not_there(path, overwrite or not inside)
    other = next((entry for entry in inside if not _is_ours(entry)), None)
    if other is not None:
        raise LatentSRError(
            f"'{path}' is not replaced, because it holds '{other.name}', which latent-sr has not written"
        )
    return path


def _is_ours(path: Path) -> bool:
    """Whether a file is an image of a series that this module wrote."""
    import pydicom

    if not (path.is_file() and path.suffix == ".dcm" and path.stem.isdigit()):
        return False
    try:
        with quiet_pydicom():
            image = pydicom.dcmread(path, specific_tags=["ContributingEquipmentSequence"], stop_before_pixels=True)
            equipment = image.get("ContributingEquipmentSequence") or []
            return any(item.get("Manufacturer") == MANUFACTURER for item in equipment)
    except Exception:  # a file that can't be read was not written here
        return False


def write_series(
    image: Any,
    component: str,
    source: Stack,
    path: Path,
    derivation: Derivation,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write a volume as a derived DICOM series, completely or not at all. An existing series may be replaced.

    Whole numbers of up to 16 bits are stored unchanged. Other values are rounded to 65536 steps between the smallest
    and the largest value of the volume.

    Parameters
    ----------
    image
        ``itk.Image``, 3D, or 4D with several phases. Its grid has the orientation of the source.
    component
        Component type of the source, as ITK's image IO names it. If it is an integer type, the result is rounded.
    source
        The stack that the volume was made from.
    path
        The folder.
    derivation
        The description of how the volume was made.
    progress
        Called with the number of slices written so far, and their total number.

    Returns
    -------
    int
        Number of files.

    Raises
    ------
    LatentSRError
        If no classic image exists for the kind of the source, or the folder can't be written.
    """
    template = template_of(source.phases[0][0])
    there = path.resolve()
    try:
        with writing(path):
            remove_leftovers(there)
            part = temporary_beside(there)
            part.mkdir(mode=0o700)
            try:
                with removed_on_sigterm(part):
                    count = _write(image, component, source, part, template, derivation, progress)
                    part.chmod(0o755)
                    synchronize(part)
                    _put_into_place(part, there)
                    synchronize(there.parent)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        # pydicom fails for attributes of the source that violate the standard.
        first = source.phases[0][0].path
        raise LatentSRError(f"can't write '{path}' with the attributes of '{first}': {one_line(error)}") from error
    return count


def _put_into_place(part: Path, path: Path) -> None:
    """Rename a folder to its final name. An existing folder of that name is removed only after that."""
    if not path.exists():
        part.rename(path)
        return
    old = replaced_by(part)
    path.rename(old)
    try:
        part.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write(
    image: Any,
    component: str,
    source: Stack,
    folder: Path,
    template: Any,
    derivation: Derivation,
    progress: Callable[[int, int], None] | None,
) -> int:
    import itk
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    array = itk.array_view_from_image(image)
    array = array if array.ndim == 4 else array[None]
    stored_as, slope, intercept = _storage(array, component)
    phases, slices = array.shape[:2]
    _set_series(template, derivation, stored_as, slope, intercept, source, phases)
    geometry = _Geometry(image)
    _set_plane(template, geometry, array.shape)
    for number in range(phases * slices):
        phase, place = divmod(number, slices)
        dataset = deepcopy(template)
        dataset.SOPInstanceUID = generate_uid(prefix=None)
        dataset.InstanceNumber = number + 1
        _set_place(dataset, geometry, place)
        _set_origin(dataset, source, phase, geometry, place)
        if phases > 1:
            dataset.TemporalPositionIdentifier = phase + 1
            if source.time_step > 0:
                dataset.TriggerTime = _decimal(1000 * phase * source.time_step)
        dataset.add_new("PixelData", "OW", _stored(array[phase, place], stored_as, slope, intercept).tobytes())
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        # In memory first: pydicom's message for an error of the disk contains the code where it happened.
        content = io.BytesIO()
        with quiet_pydicom():
            dataset.save_as(content, enforce_file_format=True)
        file = folder / f"{number + 1:05d}.dcm"
        file.write_bytes(content.getbuffer())
        synchronize(file)
        if progress is not None:
            progress(number + 1, phases * slices)
    return phases * slices


def _storage(array: Any, component: str) -> tuple[str, float, float]:
    """The type of the stored values, with slope and intercept."""
    import math

    lowest, highest = float(array.min()), float(array.max())
    if component not in ("float", "double"):
        lowest, highest = math.floor(lowest + 0.5), math.floor(highest + 0.5)
        for stored_as, least, most in (("uint16", 0, 2**16 - 1), ("int16", -(2**15), 2**15 - 1)):
            if least <= lowest and highest <= most:
                return stored_as, 1.0, 0.0
        if highest - lowest < 2**16:
            return "uint16", 1.0, float(lowest)
    slope = float(_decimal((highest - lowest) / 65535))
    return "uint16", slope or 1.0, float(_decimal(lowest))


def _stored(values: Any, stored_as: str, slope: float, intercept: float) -> Any:
    import numpy as np

    limits = np.iinfo(stored_as)
    stored = np.rint((values.astype(np.float64) - intercept) / slope)
    return np.clip(stored, limits.min, limits.max).astype(stored_as)


def _decimal(value: float) -> str:
    """A number as a DICOM decimal string, which has at most 16 characters."""
    from pydicom.valuerep import format_number_as_ds

    return format_number_as_ds(float(value))


def _set_series(
    template: Any, derivation: Derivation, stored_as: str, slope: float, intercept: float, source: Stack, phases: int
) -> None:
    """Set the attributes of the series and of its pixels."""
    from pydicom.uid import generate_uid

    now = datetime.now()
    template.SeriesInstanceUID = generate_uid(prefix=None)
    template.SeriesDescription = _short(template.get("SeriesDescription"), derivation.series_suffix)
    template.SeriesNumber = 1000 + int(template.get("SeriesNumber") or 0)
    template.SeriesDate = template.ContentDate = template.InstanceCreationDate = now.strftime("%Y%m%d")
    template.SeriesTime = template.ContentTime = template.InstanceCreationTime = now.strftime("%H%M%S")
    kinds = template.get("ImageType") or []
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    template.ImageType = ["DERIVED", "SECONDARY", *kinds[2:]]
    template.DerivationDescription = derivation.description[:1024]
    template.ImageComments = derivation.description[:1024]
    template.BurnedInAnnotation = "NO"
    _set_codes(template, derivation)
    template.SamplesPerPixel, template.PhotometricInterpretation = 1, source.phases[0][0].photometric
    template.BitsAllocated = template.BitsStored = 16
    template.HighBit, template.PixelRepresentation = 15, int(stored_as == "int16")
    first = source.phases[0][0]
    needs_rescale = (slope, intercept) != (1.0, 0.0) or template.get("Modality") in ("CT", "PT")
    if needs_rescale or (first.slope, first.intercept) != (1.0, 0.0):
        template.RescaleSlope, template.RescaleIntercept = _decimal(slope), _decimal(intercept)
        if "RescaleType" not in template and template.get("Modality") != "PT":
            template.RescaleType = "HU" if template.get("Modality") == "CT" else "US"
    elif "RescaleType" in template:
        del template.RescaleType
    if phases > 1:
        template.NumberOfTemporalPositions = phases
        if source.time_step > 0:
            template.TemporalResolution = _decimal(1000 * source.time_step)


def _short(description: Any, suffix: str) -> str:
    """A description of at most 64 characters that ends with a suffix."""
    before = str(description or "").strip()
    return f"{before[: 63 - len(suffix)]} {suffix}".strip()


def _set_codes(template: Any, derivation: Derivation) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    def code(value: str, meaning: str) -> Any:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        return Sequence([item])

    template.DerivationCodeSequence = code("113085", "Spatial resampling")
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = code("109103", "Modifying Equipment")
    equipment.Manufacturer = MANUFACTURER
    equipment.ManufacturerModelName = "latent-sr"
    equipment.SoftwareVersions = package_version()
    equipment.ContributionDescription = derivation.description[:1024]
    others = list(template.get("ContributingEquipmentSequence") or [])
    template.ContributingEquipmentSequence = Sequence([*others, equipment])


class _Geometry:
    """The positions of an image's slices."""

    def __init__(self, image: Any) -> None:
        import itk
        import numpy as np

        self.spacing = [float(image.GetSpacing()[axis]) for axis in range(3)]
        self.origin = np.array([float(image.GetOrigin()[axis]) for axis in range(3)])
        self.direction = itk.array_from_matrix(image.GetDirection())[:3, :3]

    def position(self, place: int) -> Any:
        """The center of the first pixel of a slice, in mm."""
        return self.origin + place * self.spacing[SLICE_AXIS] * self.direction[:, SLICE_AXIS]


def _set_plane(template: Any, geometry: _Geometry, shape: tuple[int, ...]) -> None:
    template.Rows, template.Columns = shape[2:]
    template.PixelSpacing = [_decimal(geometry.spacing[1]), _decimal(geometry.spacing[0])]
    template.ImageOrientationPatient = [
        *(_decimal(value) for value in geometry.direction[:, 0]),
        *(_decimal(value) for value in geometry.direction[:, 1]),
    ]
    # The thickness is set to the spacing, because many readers take the thickness for the spacing.
    template.SliceThickness = template.SpacingBetweenSlices = _decimal(geometry.spacing[SLICE_AXIS])


def _set_place(dataset: Any, geometry: _Geometry, place: int) -> None:
    position = geometry.position(place)
    dataset.ImagePositionPatient = [_decimal(value) for value in position]
    dataset.SliceLocation = _decimal(float(position @ geometry.direction[:, SLICE_AXIS]))


def _set_origin(dataset: Any, source: Stack, phase: int, geometry: _Geometry, place: int) -> None:
    """Set the source images of a slice, and a comment on its position between them."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    at = place * geometry.spacing[SLICE_AXIS] / source.grid.spacing[SLICE_AXIS]
    frames = source.phases[phase]
    below = min(int(at + 1e-6), len(frames) - 1)
    share = at - below
    between = share > 1e-6 and below + 1 < len(frames)
    items = []
    for frame in frames[below : below + 2] if between else frames[below : below + 1]:
        item = Dataset()
        item.ReferencedSOPClassUID = frame.file.dataset.get("SOPClassUID")
        item.ReferencedSOPInstanceUID = frame.file.dataset.get("SOPInstanceUID")
        if frame.is_enhanced:
            item.ReferencedFrameNumber = frame.number + 1
        items.append(item)
    if all(item.ReferencedSOPInstanceUID for item in items):
        dataset.SourceImageSequence = Sequence(items)
    where = (
        f"Synthesized slice, {share:.3g} of the way from acquired slice {below + 1} to {below + 2}."
        if between
        else f"At the place of acquired slice {below + 1}."
    )
    dataset.ImageComments = f"{where} {dataset.DerivationDescription}"[:1024]
