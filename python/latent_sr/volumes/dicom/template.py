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
"""The attributes that the images of a derived series take from their source."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, one_line
from latent_sr.volumes.dicom.frames import Frame
from latent_sr.volumes.dicom.scan import quiet_pydicom

_CLASSIC_KINDS = {
    "1.2.840.10008.5.1.4.1.1.4.1": "1.2.840.10008.5.1.4.1.1.4",  # enhanced MR: MR
    "1.2.840.10008.5.1.4.1.1.4.4": "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.2.1": "1.2.840.10008.5.1.4.1.1.2",  # enhanced CT: CT
    "1.2.840.10008.5.1.4.1.1.2.2": "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.130": "1.2.840.10008.5.1.4.1.1.128",  # enhanced PET: PET
    "1.2.840.10008.5.1.4.1.1.128.1": "1.2.840.10008.5.1.4.1.1.128",
}
_MR = "1.2.840.10008.5.1.4.1.1.4"

# Attributes of a single image of the source, and attributes of the source's pixels.
_NOT_KEPT = [
    "PixelData",
    "FloatPixelData",
    "DoubleFloatPixelData",
    "NumberOfFrames",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "DimensionOrganizationSequence",
    "DimensionIndexSequence",
    "DimensionOrganizationType",
    "ConcatenationUID",
    "InConcatenationNumber",
    "InConcatenationTotalNumber",
    "ConcatenationFrameOffsetNumber",
    "SOPInstanceUIDOfConcatenationSource",
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "SliceLocation",
    "IconImageSequence",
    "ReferencedImageSequence",
    "SourceImageSequence",
    "SourceImageEvidenceSequence",
    "ReferencedImageEvidenceSequence",
    "InstanceCreationDate",
    "InstanceCreationTime",
    "InstanceCreatorUID",
    "AcquisitionNumber",
    "ContentQualification",
    "TriggerTime",
    "TemporalPositionIdentifier",
    "NumberOfTemporalPositions",
    "TemporalPositionIndex",
    "ImagesInAcquisition",
    "RescaleSlope",
    "RescaleIntercept",
    "RealWorldValueMappingSequence",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "PresentationLUTShape",
    "GantryDetectorTilt",
    "OriginalAttributesSequence",
    "DigitalSignaturesSequence",
    "MACParametersSequence",
    "ReferencedPerformedProcedureStepSequence",
]

# Attributes in functional groups of an enhanced file, and the corresponding top-level attributes of a classic one.
_FROM_GROUPS = {
    "EffectiveEchoTime": "EchoTime",
    "RepetitionTime": "RepetitionTime",
    "FlipAngle": "FlipAngle",
    "EchoTrainLength": "EchoTrainLength",
    "InversionTimes": "InversionTime",
    "NumberOfAverages": "NumberOfAverages",
    "WindowCenter": "WindowCenter",
    "WindowWidth": "WindowWidth",
    "RescaleType": "RescaleType",
}


_NEEDED_OF_MR = {
    "ScanningSequence": "RM",
    "SequenceVariant": "NONE",
    "ScanOptions": "",
    **dict.fromkeys(("MRAcquisitionType", "RepetitionTime", "EchoTime", "EchoTrainLength")),
}
"""Attributes that the standard requires of an MR image, and their values if they are not known."""


def template_of(first: Frame) -> Any:
    """A classic image without pixels and position, with the patient and study attributes of an image of the source.

    Raises
    ------
    LatentSRError
        If the image is damaged, or no classic image exists for its kind.
    """
    original, template = _attributes(first.path)
    kind = str(original.get("SOPClassUID", ""))
    if first.is_enhanced:
        if kind not in _CLASSIC_KINDS:
            raise LatentSRError(
                f"'{first.path}' is of the kind {kind}, which can't be written as a DICOM series: write a file"
            )
        _flatten(template, original, first)
    template.SOPClassUID = _CLASSIC_KINDS.get(kind, kind)
    for keyword in _NOT_KEPT:
        if keyword in template:
            delattr(template, keyword)
    for element in [element.tag for element in template if element.tag.group & 0xFF00 in (0x5000, 0x6000)]:
        del template[element]  # curves and overlays
    if template.SOPClassUID == _MR:
        for keyword, value in _NEEDED_OF_MR.items():
            if keyword not in template:
                setattr(template, keyword, value)
    return template


def _attributes(path: Path) -> tuple[Any, Any]:
    """Two copies of an image's attributes, without private ones: one to read from, and one to change."""
    import pydicom

    try:
        with quiet_pydicom():
            original = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            original.remove_private_tags()
            # pydicom converts invalid values, or fails, when they are read from a dataset.
            return original, deepcopy(original)
    except Exception as error:  # pydicom raises many types of errors for damaged attributes
        raise LatentSRError(f"can't read the attributes of '{path}': {one_line(error)}") from error


def _flatten(template: Any, original: Any, first: Frame) -> None:
    """Copy attributes from functional groups to the top level, as in a classic image."""
    groups = [*(original.get("SharedFunctionalGroupsSequence") or [])[:1]]
    groups.append(original.PerFrameFunctionalGroupsSequence[first.number])
    for group in groups:
        for sequence in group:
            if sequence.VR != "SQ" or not sequence.value:
                continue
            for element in sequence.value[0]:
                keyword = _FROM_GROUPS.get(element.keyword)
                if keyword is not None and element.value is not None:
                    setattr(template, keyword, element.value)
