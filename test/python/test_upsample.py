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
"""``latent-sr upsample`` and ``latent_sr.upsample``."""

import os

import itk
import latent_sr
import numpy as np
import pytest
from conftest import image_of, interrupted, oblique_affine, phantom, write_nifti
from test_command_line import assert_one_line_error

nibabel = pytest.importorskip("nibabel")


def run_upsample(latent_sr_run, model, source, output, *words):
    result = latent_sr_run("upsample", source, output, "--model", model, *words)
    assert result.returncode == 0, result.stderr
    return nibabel.load(output)


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_only_the_third_column_of_the_affine_changes(latent_sr_run, tiny_model, thick, tmp_path, factor):
    thin = run_upsample(latent_sr_run, tiny_model, thick, tmp_path / "thin.nii.gz", "--factor", factor)
    expected = oblique_affine()
    expected[:3, 2] /= factor
    assert thin.shape == (48, 44, 6 * factor + 1)
    np.testing.assert_allclose(thin.affine, expected, atol=1e-4)
    assert thin.get_data_dtype() == np.int16


def test_without_a_factor_slices_are_doubled(latent_sr_run, tiny_model, thick, tmp_path):
    assert run_upsample(latent_sr_run, tiny_model, thick, tmp_path / "thin.nii").shape == (48, 44, 13)


def test_results_of_the_network_are_averaged_over_orientations(latent_sr_run, tiny_model, thick, tmp_path):
    def pixels(*words):
        name = tmp_path / f"thin{'-'.join(words)}.nii.gz"
        return np.asarray(run_upsample(latent_sr_run, tiny_model, thick, name, "--mode", "decoded", *words).dataobj)

    once, eight = pixels(), pixels("--orientations", "8")
    assert np.array_equal(once, pixels("--orientations", "1"))
    assert not np.array_equal(once, eight)
    result = latent_sr_run("upsample", thick, tmp_path / "no.nii", "--model", tiny_model, "--orientations", "3")
    assert result.returncode == 2
    assert "--orientations: '3' is not one of 1, 4, 8" in result.stderr


def test_any_spacing_can_be_asked_for(latent_sr_run, tiny_model, thick, tmp_path):
    thin = run_upsample(latent_sr_run, tiny_model, thick, tmp_path / "thin.nii.gz", "--spacing", "3")
    assert thin.shape == (48, 44, 17)  # 48 mm from the first to the last slice
    expected = oblique_affine((1.4, 1.4, 3.0))
    np.testing.assert_allclose(thin.affine, expected, atol=1e-4)


@pytest.mark.parametrize("mode", ["preserve-acquired", "residual-corrected"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64", "int32"])
def test_acquired_slices_stay_bit_for_bit(latent_sr_run, tiny_model, tmp_path, mode, dtype):
    volume = phantom() / (4 if dtype == "uint8" else 1)
    source = write_nifti(tmp_path / "thick.nii.gz", volume, dtype=dtype)
    thin = run_upsample(latent_sr_run, tiny_model, source, tmp_path / "thin.nii.gz", "--factor", 3, "--mode", mode)
    assert thin.get_data_dtype() == np.dtype(dtype)
    acquired = np.asanyarray(nibabel.load(source).dataobj)
    np.testing.assert_array_equal(np.asanyarray(thin.dataobj)[..., ::3], acquired)


def test_the_default_mode_of_the_command_is_that_of_the_filter():
    import itk
    from latent_sr.enumerations import DEFAULT_MODE, DEFAULT_PRECISION, mode_enum, precision_enum

    image = itk.Image[itk.SS, 3]
    upsampler = itk.LatentSpaceSuperResolutionImageFilter[image, image].New()
    assert upsampler.GetOutputMode() == mode_enum(DEFAULT_MODE)
    assert upsampler.GetPrecision() == precision_enum(DEFAULT_PRECISION)


@pytest.mark.parametrize("extension", [".nrrd", ".mha", ".nii"])
def test_other_formats_hold_the_same_volume(latent_sr_run, tiny_model, thick, tmp_path, extension):
    import itk

    for name in (f"a{extension}", "b.nii.gz"):
        result = latent_sr_run("upsample", thick, tmp_path / name, "--model", tiny_model, "--threads", 1)
        assert result.returncode == 0, result.stderr
    first, second = (latent_sr.read_volume(tmp_path / name) for name in (f"a{extension}", "b.nii.gz"))
    np.testing.assert_array_equal(itk.array_from_image(first), itk.array_from_image(second))
    assert list(first.GetOrigin()) == pytest.approx(list(second.GetOrigin()), abs=1e-4)
    assert list(first.GetSpacing()) == pytest.approx(list(second.GetSpacing()), abs=1e-5)


def test_another_slice_axis_can_be_set_or_found(latent_sr_run, tiny_model, tmp_path):
    affine = oblique_affine((8.0, 1.4, 1.4))
    source = write_nifti(tmp_path / "thick.nii", np.moveaxis(phantom(), 0, 2), affine)
    found = run_upsample(latent_sr_run, tiny_model, source, tmp_path / "a.nii", "--factor", 4)
    chosen = run_upsample(latent_sr_run, tiny_model, source, tmp_path / "b.nii", "--factor", 4, "--axis", 0)
    assert found.shape == (25, 48, 44)
    np.testing.assert_array_equal(np.asanyarray(found.dataobj), np.asanyarray(chosen.dataobj))


def test_two_axes_with_the_largest_spacing_are_refused_until_one_is_chosen(latent_sr_run, tiny_model, tmp_path):
    source = write_nifti(tmp_path / "cube.nii", phantom(), oblique_affine((1.4, 1.4, 1.4)))
    output = tmp_path / "thin.nii"
    result = latent_sr_run("upsample", source, output, "--model", tiny_model)
    assert_one_line_error(result, 1, "cube.nii", "1.4")
    assert not output.exists()
    assert run_upsample(latent_sr_run, tiny_model, source, output, "--axis", 2).shape == (48, 44, 13)


def test_every_frame_of_a_4d_volume_is_upsampled(latent_sr_run, tiny_model, tmp_path):
    source = write_nifti(tmp_path / "cine.nii.gz", np.stack([phantom(seed=0), phantom(seed=1)]))
    thin = run_upsample(
        latent_sr_run, tiny_model, source, tmp_path / "t.nii.gz", "--factor", 3, "--mode", "preserve-acquired"
    )
    assert thin.shape == (48, 44, 19, 2)
    acquired = np.asanyarray(nibabel.load(source).dataobj)
    np.testing.assert_array_equal(np.asanyarray(thin.dataobj)[:, :, ::3, :], acquired)


def test_a_dicom_folder_becomes_a_volume(latent_sr_run, tiny_model, tmp_path):
    from test_io import write_dicom_series

    write_dicom_series(tmp_path / "series", phantom())
    thin = run_upsample(latent_sr_run, tiny_model, tmp_path / "series", tmp_path / "thin.nii.gz", "--factor", 2)
    assert thin.shape == (48, 44, 13)
    assert thin.header.get_zooms()[2] == pytest.approx(4.0, abs=1e-4)


def test_an_existing_output_is_replaced_only_on_demand(latent_sr_run, tiny_model, thick, tmp_path):
    output = tmp_path / "thin.nii"
    output.write_text("mine")
    assert latent_sr_run("upsample", thick, output, "--model", tiny_model).returncode == 1
    assert output.read_text() == "mine"
    assert run_upsample(latent_sr_run, tiny_model, thick, output, "--overwrite").shape == (48, 44, 13)


def test_a_missing_device_is_refused(latent_sr_run, tiny_model, thick, tmp_path):
    result = latent_sr_run("upsample", thick, tmp_path / "a.nii", "--model", tiny_model, "--device", "cuda:99")
    assert_one_line_error(result, 1, "cuda:99")
    assert [path.name for path in tmp_path.iterdir()] == ["thick.nii.gz"]


def test_a_pixel_that_is_not_finite_is_refused(latent_sr_run, tiny_model, tmp_path):
    volume = phantom()
    volume[3, 2, 1] = np.nan
    # ITK reads pixels of NIfTI that are not finite as zero.
    source = tmp_path / "nan.mha"
    image = itk.image_from_array(volume.astype("float32"))
    image.SetSpacing([1.4, 1.4, 8.0])
    itk.imwrite(image, str(source))
    result = latent_sr_run("upsample", source, tmp_path / "a.nii", "--model", tiny_model)
    # A line of progress may come first.
    assert result.returncode == 1
    assert "latent-sr: error: " in result.stderr.splitlines()[-1]
    assert "[1, 2, 3]" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["nan.mha"]


def test_progress_is_plain_lines_where_there_is_no_terminal(latent_sr_process, tiny_model, thick, tmp_path):
    result = latent_sr_process("upsample", thick, tmp_path / "a.nii", "--model", tiny_model)
    lines = result.stderr.splitlines()
    assert lines
    assert all(line.startswith(("upsampling: ", "latent-sr: warning: ")) for line in lines)
    assert "\r" not in result.stderr
    assert "100 % (13 of 13 slices" in lines[-1]
    assert "48 x 44 x 13 pixels, 1.4 x 1.4 x 4 mm, int16, low-pass-corrected (" in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_an_interrupt_ends_with_exit_code_130_and_without_a_file(tiny_model, tmp_path):
    source = write_nifti(tmp_path / "thick.nii", phantom(slices=40, rows=256, columns=256))
    _, first, _ = interrupted(["upsample", source, tmp_path / "a.nii", "--model", tiny_model, "--factor", 30])
    assert first.startswith("upsampling: ")
    assert [path.name for path in tmp_path.iterdir()] == ["thick.nii"]


def test_the_python_function_does_the_same_as_the_command(latent_sr_run, tiny_model, thick, tmp_path):
    import itk

    expected = run_upsample(latent_sr_run, tiny_model, thick, tmp_path / "a.nii", "--factor", 3, "--threads", 1)
    shares = []
    thin = latent_sr.upsample(
        latent_sr.read_volume(thick), factor=3, model=tiny_model, threads=1, progress=shares.append
    )
    np.testing.assert_array_equal(itk.array_from_image(thin).T, np.asanyarray(expected.dataobj))
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_an_exception_of_an_observer_reaches_the_caller(tiny_model):
    def fail(_share):
        raise ZeroDivisionError("in the observer")

    with pytest.raises(ZeroDivisionError, match="in the observer"):
        latent_sr.upsample(image_of(phantom()), model=tiny_model, progress=fail)


def test_factor_and_spacing_exclude_each_other(tiny_model):
    with pytest.raises(latent_sr.UsageError, match="exclude each other"):
        latent_sr.upsample(image_of(phantom()), model=tiny_model, factor=2, spacing=1.0)
    with pytest.raises(latent_sr.UsageError, match="at least 1"):
        latent_sr.upsample(image_of(phantom()), model=tiny_model, factor=0)


def test_the_thickness_of_slices_decides_on_the_mode(latent_sr_run, tiny_model, tmp_path):
    from conftest import oblique_affine

    source = write_nifti(tmp_path / "thick.nii", phantom(), oblique_affine((1.4, 1.4, 4.0)))

    def run(name, *words):
        return run_upsample(latent_sr_run, tiny_model, source, tmp_path / name, *words).get_fdata()

    unknown, thick = run("a.nii"), run("b.nii", "--slice-thickness", 4)
    np.testing.assert_array_equal(unknown, run("c.nii", "--mode", "low-pass-corrected"))
    np.testing.assert_array_equal(thick, run("d.nii", "--mode", "profile-corrected", "--slice-thickness", 4))
    assert np.abs(thick - unknown).max() > 10
    thin = latent_sr.upsample(latent_sr.read_volume(source), model=tiny_model, slice_thickness=4.0)
    import itk

    np.testing.assert_array_equal(itk.array_from_image(thin).T, thick)
    with pytest.raises(latent_sr.UsageError, match="slice thickness is -1 mm"):
        latent_sr.upsample(image_of(phantom()), model=tiny_model, slice_thickness=-1)


def test_the_slice_thickness_of_a_dicom_series_is_used(latent_sr_run, tiny_model, tmp_path):
    from latent_sr.volumes import open_volume
    from test_io import write_dicom_series

    write_dicom_series(tmp_path / "series", phantom(), step=4.0)
    assert open_volume(tmp_path / "series").slice_thickness == 4.0

    def run(name, *words):
        return run_upsample(latent_sr_run, tiny_model, tmp_path / "series", tmp_path / name, *words).get_fdata()

    np.testing.assert_array_equal(run("a.nii"), run("b.nii", "--mode", "profile-corrected"))
    np.testing.assert_array_equal(run("c.nii", "--slice-thickness", 0), run("d.nii", "--mode", "low-pass-corrected"))
