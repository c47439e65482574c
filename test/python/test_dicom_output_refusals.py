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
"""Cases in which ``latent-sr upsample --output-format dicom`` writes nothing, and files that it never replaces."""

import pytest
from dicom_files import (
    acquired_pixels_lie_right,
    save,
    stack,
    uid,
    written,
)
from latent_sr.volumes import open_volume
from test_command_line import assert_one_line_error

pydicom = pytest.importorskip("pydicom")

NOT_FOR_DIAGNOSIS = "not for diagnosis"


@pytest.fixture
def refused(latent_sr_run, tiny_model, tmp_path):
    """Run the command, and assert that it fails and leaves all files unchanged."""

    def contents():
        return {path: path.read_bytes() if path.is_file() else b"" for path in tmp_path.rglob("*")}

    def run(code, source, output, *parts, words=()):
        before = contents()
        words = ["--model", tiny_model, "--output-format", "dicom", *words]
        outcome = latent_sr_run("upsample", source, output, *words)
        lines = [line for line in outcome.stderr.splitlines(keepends=True) if not line.startswith("upsampling: ")]
        assert_one_line_error(outcome._replace(stderr="".join(lines)), code, *parts)
        assert contents() == before

    return run


def test_a_source_that_is_not_dicom_is_refused(refused, thick, tmp_path):
    refused(1, thick, tmp_path / "thin", "thick.nii.gz' is not DICOM", "patient and study")


def test_an_output_that_exists_is_refused(refused, tmp_path):
    folder = save(tmp_path / "thick", stack())
    (tmp_path / "thin").mkdir()
    (tmp_path / "thin" / "mine.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    refused(1, folder, tmp_path / "thin", "thin' exists already", "--overwrite")
    refused(1, folder, tmp_path / "file", "file' is a file")
    refused(1, folder, tmp_path / "file", "file' is a file", words=["--overwrite"])
    refused(1, folder, tmp_path / "file" / "thin", "file' is a file")


def test_an_output_in_the_input_or_around_it_is_refused(refused, tmp_path):
    folder = save(tmp_path / "study" / "thick", stack())
    for output in (folder, folder / "thin", tmp_path / "study", folder / ".." / "thick" / "thin"):
        refused(2, folder, output, "lie in each other")
        refused(2, folder, output, "lie in each other", words=["--overwrite"])


def test_only_a_series_of_this_command_is_replaced(derive, refused, tmp_path):
    folder = save(tmp_path / "thick", stack())
    derive(folder, tmp_path / "thin")
    first = {image.SeriesInstanceUID for image in written(tmp_path / "thin")}
    refused(1, folder, tmp_path / "thin", "exists already")
    (tmp_path / "thin.nrrd").unlink()
    derive(folder, tmp_path / "thin", "--overwrite", "--factor", 3)
    images = written(tmp_path / "thin")
    assert len(images) == 13
    assert first.isdisjoint({image.SeriesInstanceUID for image in images})
    (tmp_path / "thin" / "notes.txt").write_text("mine")
    refused(1, folder, tmp_path / "thin", "holds 'notes.txt'", words=["--overwrite"])


def test_acquired_images_are_never_replaced_regardless_of_their_names(refused, tmp_path):
    folder = save(tmp_path / "thick", stack())
    other = tmp_path / "other"
    other.mkdir()
    for number, dataset in enumerate(stack(SeriesInstanceUID=uid())):
        dataset.save_as(other / f"{number + 1:05d}.dcm", enforce_file_format=True)
    refused(1, folder, other, "other' is not replaced", words=["--overwrite"])


def test_the_current_folder_is_replaced_completely_or_not_at_all(derive, latent_sr_run, tiny_model, tmp_path):
    folder, output = save(tmp_path / "thick", stack()), tmp_path / "thin"
    derive(folder, output)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    words = ["upsample", folder, ".", "--output-format", "dicom", "--overwrite", "--model", tiny_model]
    result = latent_sr_run(*words, cwd=output)
    if result.returncode == 0:
        acquired_pixels_lie_right(open_volume(output).image, written(output))
    else:
        assert {path.name: path.read_bytes() for path in output.iterdir()} == before


def test_an_empty_folder_may_be_the_output(derive, tmp_path):
    (tmp_path / "thin").mkdir()
    derive(save(tmp_path / "thick", stack()), tmp_path / "thin")
    assert len(written(tmp_path / "thin")) == 9


def test_nothing_is_left_and_the_old_series_stays_when_writing_fails(derive, refused, tmp_path, monkeypatch):
    folder = save(tmp_path / "thick", stack())
    derive(folder, tmp_path / "old")
    save_as, calls = pydicom.Dataset.save_as, []

    def fail(dataset, *words, **options):
        calls.append(words)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        return save_as(dataset, *words, **options)

    monkeypatch.setattr(pydicom.Dataset, "save_as", fail)
    refused(1, folder, tmp_path / "thin", "can't write", "thin'", "No space left on device")
    calls.clear()
    refused(1, folder, tmp_path / "old", "No space left on device", words=["--overwrite"])


def test_nothing_is_left_when_the_filter_refuses_the_volume(refused, tmp_path):
    folder = save(tmp_path / "thick", stack())
    refused(1, folder, tmp_path / "thin", "cuda:99", words=["--device", "cuda:99"])
    refused(2, folder, tmp_path / "thin", "--output-format", "'nifti'", words=["--output-format", "nifti"])
