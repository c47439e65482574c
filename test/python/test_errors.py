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
"""How messages of C++ exceptions are shortened."""

import pytest
from latent_sr.errors import LatentSRError, UsageError, one_line


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "/src/itkAutoencoder.cxx:495:\nITK ERROR: AutoencoderModel(0x55d5a3b0): 'a b.safetensors' is not valid.",
            "'a b.safetensors' is not valid.",
        ),
        (
            "/with space/itkNrrd.cxx:410:\nitk::ERROR: NrrdImageIO(0x56450c80aff0): Error reading a.nrrd:\n[n] x\n",
            "Error reading a.nrrd: [n] x",
        ),
        (
            "/x/itkImageFileReader.hxx:135:\n Could not create IO object for reading file a.nii\n"
            "  Tried to create one of the following:\n    BMPImageIO\n    GDCMImageIO\n",
            "Could not create IO object for reading file a.nii",
        ),
        ("/x/y.hxx:1:\nITK ERROR: no object, just text (of 3 kinds): here", "no object, just text (of 3 kinds): here"),
        ("plain", "plain"),
        ("", "RuntimeError"),
    ],
)
def test_exceptions_of_itk_are_reduced_to_their_message(message, expected):
    assert one_line(RuntimeError(message)) == expected


def test_wrong_use_and_failures_have_different_exit_codes():
    assert (LatentSRError("a").exit_code, UsageError("a").exit_code) == (1, 2)
