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
"""NIfTI in the commands, and in training, which reads files with ITK."""

import gzip
import json

import itk
import latent_sr
import numpy as np
import pytest
from conftest import oblique_affine, phantom
from latent_sr.volumes import ReadOptions, open_volume, read_volume
from latent_sr.volumes.convert import files_for_itk
from nifti_files import patched, pixels, refusal, write
from test_command_line import assert_one_line_error

nibabel = pytest.importorskip("nibabel")

SPACING = (1.2, 1.5, 7.0)
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def test_nibabel_finds_the_output_at_the_position_of_the_input(latent_sr_run, tiny_model, tmp_path):
    image = nibabel.Nifti1Image(pixels(), None)
    first, second = oblique_affine(SPACING), np.diag([*SPACING, 1.0])
    image.header.set_qform(second, 1)
    image.header.set_sform(first, 2)
    nibabel.save(image, tmp_path / "a.nii")
    words = [
        "upsample",
        tmp_path / "a.nii",
        tmp_path / "thin.nii",
        "--model",
        tiny_model,
        "--mode",
        "preserve-acquired",
    ]
    result = latent_sr_run(*words)
    assert result.returncode == 0, result.stderr
    assert "latent-sr: warning: sform (code 2) and qform (code 1)" in result.stderr
    thin = nibabel.load(tmp_path / "thin.nii")
    first[:3, 2] /= 2
    np.testing.assert_allclose(thin.affine, first, atol=1e-3)
    np.testing.assert_allclose(thin.header.get_qform(), first, atol=1e-3)
    np.testing.assert_array_equal(np.asanyarray(thin.dataobj)[..., ::2], pixels())


def test_the_message_of_the_command_names_its_option_for_the_axis(latent_sr_run, tiny_model, tmp_path):
    path = write(tmp_path / "cube.nii", affine=oblique_affine((2.0, 2.0, 2.0)))
    result = latent_sr_run("upsample", path, tmp_path / "thin.nii", "--model", tiny_model)
    assert_one_line_error(result, 1, "cube.nii", "--axis")
    assert "SliceAxis" not in result.stderr


@pytest.fixture
def holes(tmp_path):
    """A NIfTI file with NaN around the object and one infinite pixel, and its array."""
    array = phantom().T.astype("float32") + 100
    array[:3] = np.nan
    array[10, 11, 2] = -np.inf
    return write(tmp_path / "holes.nii.gz", array, oblique_affine((1.4, 1.4, 8.0))), array


def test_pixels_that_are_not_finite_are_refused_with_their_number_and_the_first_place(holes, tmp_path):
    path, array = holes
    text = refusal(path, pixels_only=True)
    assert f"has {3 * 44 * 7 + 1} pixels that are NaN or infinite" in text
    assert "the first at index [0, 0, 0] with the value nan" in text
    assert "--nan VALUE" in text
    array[:3] = 0
    text = refusal(write(tmp_path / "one.nii", array, oblique_affine((1.4, 1.4, 8.0))), pixels_only=True)
    assert "has a pixel that is NaN or infinite, at index [10, 11, 2] with the value -inf" in text


def test_pixels_that_are_not_finite_are_replaced_on_demand(holes):
    path, array = holes
    expected = np.where(np.isfinite(array), array, -3)
    for volume in (open_volume(path, options=ReadOptions(nan=-3)).image, read_volume(path, nan=-3)):
        np.testing.assert_array_equal(itk.array_from_image(volume).T, expected)


def test_commands_refuse_what_is_not_finite_or_replace_it(latent_sr_run, tiny_model, holes, tmp_path):
    path, array = holes
    filled = np.where(np.isfinite(array), array, 0)
    other = write(tmp_path / "filled.nii.gz", filled, oblique_affine((1.4, 1.4, 8.0)))
    words = ["upsample", path, tmp_path / "thin.nii", "--model", tiny_model, "--mode", "preserve-acquired"]
    assert_one_line_error(latent_sr_run(*words), 1, "holes.nii.gz'", "NaN or infinite", "--nan")
    result = latent_sr_run(*words, "--nan", 0)
    assert result.returncode == 0, result.stderr
    np.testing.assert_array_equal(nibabel.load(tmp_path / "thin.nii").get_fdata()[..., ::2], filled)

    assert_one_line_error(latent_sr_run("metrics", other, path), 1, "holes.nii.gz'", "--nan")
    result = latent_sr_run("metrics", other, path, "--nan", 0, "--json", "-")
    assert json.loads(result.stdout)["mse"] == 0

    def evaluated(source, *words):
        return latent_sr_run("evaluate", source, "--methods", "linear", "--json", "-", "--threads", 1, *words)

    assert evaluated(path).returncode == 1
    values = [json.loads(result.stdout)["summary"] for result in (evaluated(path, "--nan", 0), evaluated(other))]
    assert values[0] == values[1]
    assert_one_line_error(latent_sr_run(*words, "--nan", "nan"), 2, "--nan", "not a finite number")


@pytest.mark.parametrize("kind", ["plain.nii", "slope.nii", "micron.nii", "wrong.nii.gz", "scaled.nii", "negative.nii"])
def test_itk_reads_in_training_the_same_volume_as_the_package(tmp_path, kind):
    path = write(tmp_path / kind, phantom().T.astype("int16"), oblique_affine((1.4, 1.4, 8.0)))
    if kind == "slope.nii":
        patched(path, 112, "<2f", 0.5, -7.0)
    elif kind == "micron.nii":
        patched(path, 123, "<B", 3)
    elif kind == "wrong.nii.gz":
        path.write_bytes(gzip.decompress(path.read_bytes()))
    elif kind == "scaled.nii":
        patched(path, 80, "<3f", 1.0, 1.0, 1.0)
    elif kind == "negative.nii":
        patched(path, 80, "<3f", -1.4, 1.4, -8.0)
    expected = open_volume(path)
    with files_for_itk([path], ReadOptions(), slice_axis=2) as (file,):
        reader = itk.ImageFileReader[itk.Image[itk.F, 3]].New(FileName=str(file))
        reader.Update()
        image = reader.GetOutput()
        np.testing.assert_allclose(itk.array_from_image(image), itk.array_from_image(expected.image), rtol=1e-6)
        assert list(image.GetSpacing()) == pytest.approx(list(expected.image.GetSpacing()), rel=1e-3)


def test_a_training_refuses_what_is_not_finite_or_replaces_it(tiny_model, holes, latent_sr_run, tmp_path):
    path, _ = holes
    words = ["train", path, "--output", tmp_path / "m.safetensors", "--fine-tune", tiny_model, "--iterations", 1]
    result = latent_sr_run(*words)
    assert result.returncode == 1
    assert "holes.nii.gz'" in result.stderr.splitlines()[-1]
    assert "--nan" in result.stderr.splitlines()[-1]
    result = latent_sr_run(*words, "--nan", 0)
    assert result.returncode == 0, result.stderr
    with pytest.raises(latent_sr.LatentSRError, match="NaN or infinite"):
        latent_sr.train([path], iterations=1, initial_model=tiny_model)
