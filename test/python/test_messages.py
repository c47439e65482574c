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
"""What a command prints and logs, and which files it makes: --quiet, --verbose, --log-file, --preview, new folders."""

import re

import pytest
from conftest import phantom, write_nifti
from test_command_line import assert_one_line_error


@pytest.fixture
def words(thick, tiny_model, tmp_path):
    return ("upsample", thick, tmp_path / "thin.nii", "--model", tiny_model)


def test_quiet_prints_nothing_but_warnings_and_errors(latent_sr_run, words, thick):
    thick.with_name("thick.json").write_text("{")
    result = latent_sr_run(*words, "--quiet")
    assert result.returncode == 0
    assert result.stdout == ""
    assert [line.split(":")[:2] for line in result.stderr.splitlines()] == [["latent-sr", " warning"]]
    assert_one_line_error(latent_sr_run(*words, "--quiet"), 1, "exists already")
    # The next command of the same process is not quiet.
    assert "upsampling: 100 %" in latent_sr_run(*words, "--overwrite").stderr


def test_verbose_prints_what_is_used_and_how_long_it_takes(latent_sr_run, words):
    result = latent_sr_run(*words, "--verbose")
    details = [line for line in result.stderr.splitlines() if line.startswith("latent-sr: ")]
    for part in ("torch ", "mode low-pass-corrected", "window ", "computed in ", "written in "):
        assert any(part in line for line in details), result.stderr


def test_a_log_file_gets_everything_with_time_and_level(latent_sr_run, words, tmp_path):
    log = tmp_path / "log.txt"
    assert latent_sr_run(*words, "--log-file", log, "--quiet").returncode == 0
    assert latent_sr_run(*words, "--log-file", log).returncode == 1
    lines = log.read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) .+", line) for line in lines)
    assert sum(" INFO " in line and "13 pixels" in line for line in lines) == 1
    assert " ERROR " in lines[-1]
    assert "exists already" in lines[-1]


def test_a_log_file_that_cannot_be_written_is_an_error(latent_sr_run, words, tmp_path):
    assert_one_line_error(latent_sr_run(*words, "--log-file", tmp_path), 1, "log file")


def test_an_existing_output_is_skipped_on_demand(latent_sr_run, words, tmp_path):
    (tmp_path / "thin.nii").write_text("mine")
    result = latent_sr_run(*words, "--skip-existing")
    assert (result.returncode, result.stdout) == (0, f"{tmp_path / 'thin.nii'}: exists already, skipped\n")
    assert (tmp_path / "thin.nii").read_text() == "mine"


def test_new_folders_are_made_and_removed_after_a_failure(latent_sr_run, tiny_model, thick, tmp_path):
    words = ("--model", tiny_model)
    deep = tmp_path / "a" / "b" / "thin.nii"
    assert latent_sr_run("upsample", tmp_path / "missing.nii", deep, *words).returncode == 1
    assert not (tmp_path / "a").exists()
    assert latent_sr_run("upsample", thick, deep, *words).returncode == 0
    assert deep.is_file()


def test_a_preview_shows_planes_before_and_after(latent_sr_run, words, tmp_path):
    image = pytest.importorskip("matplotlib.image")
    picture = tmp_path / "pictures" / "p.png"
    assert latent_sr_run(*words, "--preview", picture).returncode == 0
    pixels = image.imread(picture)
    assert pixels.shape[1] == 1500
    height = pixels.shape[0] // 2
    assert pixels[:height, :, :3].std() > 0.1
    assert pixels[height:, :, :3].std() > 0.1
    assert_one_line_error(latent_sr_run(*words, "--overwrite", "--preview", tmp_path / "p.gif"), 2, ".png")


def test_a_preview_of_a_folder_is_refused(latent_sr_run, tiny_model, tmp_path):
    (tmp_path / "in").mkdir()
    write_nifti(tmp_path / "in" / "a.nii", phantom())
    result = latent_sr_run("upsample", tmp_path / "in", tmp_path / "out", "--preview", tmp_path / "p.png")
    assert_one_line_error(result, 2, "--preview")


def test_a_file_name_is_not_taken_for_the_spacing_of_isotropic_pixels_in_silence(latent_sr_run, thick, tmp_path):
    result = latent_sr_run("upsample", "--isotropic", thick, tmp_path / "thin.nii")
    assert_one_line_error(result, 2, "without a number, the option has to stand behind IN and OUT")


@pytest.mark.parametrize(("stored", "written"), [("int16", "int16"), ("int32", "int32"), ("float32", "float32")])
def test_the_last_line_has_the_type_of_the_file(latent_sr_run, tiny_model, tmp_path, stored, written):
    volume = write_nifti(tmp_path / "thick.nii", phantom(3), dtype=stored)
    result = latent_sr_run("upsample", volume, tmp_path / "thin.nii", "--model", tiny_model)
    assert f" mm, {written}, " in result.stdout
