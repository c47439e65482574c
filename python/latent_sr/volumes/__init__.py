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
"""Volumes: finding, reading and writing them.

============ ================================================================
``find``     the volumes in files and folders
``names``    file names: extensions and stems
``read``     reading with the reader of each format; checks for all volumes
``nifti``    NIfTI files and pairs
``nrrd``     NRRD files with a list of volumes or a time axis
``itk_file`` files for ITK's own readers
``bids``     sidecars of NIfTI files
``dicom``    reading of DICOM, and writing of derived series
``convert``  conversion of volumes for ITK's own readers
``write``    writing of volumes
``outputs``  checks of outputs; temporary names, so that files are complete
``phases``   the phases of 4D volumes
``images``   ITK images and their grids
``volume``   headers, volumes, options of reading, pixel types
============ ================================================================
"""

from latent_sr.volumes.bids import sidecar_path
from latent_sr.volumes.find import expand_inputs
from latent_sr.volumes.images import cast, common_pixel_type, frame_of, pixel_type, split_frames
from latent_sr.volumes.names import VOLUME_EXTENSIONS, extension_of, stem_of
from latent_sr.volumes.outputs import check_output, replacing, write_text
from latent_sr.volumes.read import open_volume, read_header, read_volume
from latent_sr.volumes.volume import (
    DEFAULT_READING,
    ReadOptions,
    Volume,
    VolumeHeader,
    default_slice_axis,
    slice_axis_of,
    written_type,
)
from latent_sr.volumes.write import OUTPUT_EXTENSIONS, write_volume

__all__ = [
    "DEFAULT_READING",
    "OUTPUT_EXTENSIONS",
    "VOLUME_EXTENSIONS",
    "ReadOptions",
    "Volume",
    "VolumeHeader",
    "cast",
    "check_output",
    "common_pixel_type",
    "default_slice_axis",
    "expand_inputs",
    "extension_of",
    "frame_of",
    "open_volume",
    "pixel_type",
    "read_header",
    "read_volume",
    "replacing",
    "sidecar_path",
    "slice_axis_of",
    "split_frames",
    "stem_of",
    "write_text",
    "write_volume",
    "written_type",
]
