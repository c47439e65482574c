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
"""The commands that train and measure give the same results for DICOM, lists in NRRD, and files of the same volumes."""

import json
import tempfile
from pathlib import Path

import latent_sr
import numpy as np
import pytest
from conftest import phantom
from dicom_files import cine, name_of, save, stack, uid
from latent_sr.torch_model import load
from latent_sr.volumes import read_volume, write_volume
from test_command_line import assert_one_line_error
from test_dicom import shifted

pytest.importorskip("pydicom")


def tubes(*seeds: int) -> np.ndarray:
    """Return a volume, or phases, with structures that a network can learn."""
    volumes = [np.rint(phantom(seed=seed)).astype(np.int16) for seed in seeds]
    return np.stack(volumes) if len(volumes) > 1 else volumes[0]


def beating() -> list:
    """Return the images of a cine of two phases."""
    return [image for phase in cine(tubes(1, 2), TriggerTime=lambda phase, place: 40 * phase) for image in phase]


@pytest.fixture
def folder(tmp_path) -> Path:
    """A stack of 7 slices."""
    return save(tmp_path / "stack", stack(tubes(0), PixelSpacing=[1.4, 1.4]))


def as_file(source, name: str, **reading) -> Path:
    """Write the volume of a folder to a file beside it."""
    path = source.with_name(name)
    write_volume(read_volume(source, **reading), path)
    return path


# train ----------------------------------------------------------------------------------------------------------------


def weights_of(*inputs, model, **options) -> dict:
    """Return the weights after a short training."""
    trained = latent_sr.train(inputs, iterations=2, seed=2, initial_model=model, threads=1, **options)
    with tempfile.TemporaryDirectory() as place:
        trained.Write(f"{place}/tuned.safetensors")
        return load(f"{place}/tuned.safetensors").state_dict()


def assert_same_weights(one: dict, other: dict) -> None:
    """Assert that two trainings gave the same model."""
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])


def test_training_on_a_dicom_folder_is_the_same_as_on_a_file_of_its_volume(tiny_model, folder):
    one = weights_of(folder, model=tiny_model)
    assert_same_weights(one, weights_of(as_file(folder, "same.nrrd"), model=tiny_model))


def test_the_command_trains_on_a_dicom_folder_and_leaves_no_copy_of_it(
    latent_sr_run, tiny_model, folder, tmp_path, monkeypatch
):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    output = tmp_path / "tuned.safetensors"
    words = ["train", folder, "--output", output, "--fine-tune", tiny_model, "--iterations", 2, "--threads", 1]
    result = latent_sr_run(*words)
    assert result.returncode == 0, result.stderr
    assert "trained on 1 files" in result.stdout
    assert "stack" in result.stderr
    described = json.loads(latent_sr_run("info", output, "--json", "-").stdout)
    assert described["training"]["slice_spacing_mm"] == pytest.approx([6, 6], abs=1e-4)
    assert "stack" not in json.dumps(described["provenance"])
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_dicom_folder_trains_from_python(tiny_model, folder):
    states = []
    model = latent_sr.train([folder], iterations=2, initial_model=tiny_model, threads=1, on_iteration=states.append)
    assert model.HasWeights()
    assert [state.iteration for state in states] == [1, 2]
    assert all(np.isfinite(state.loss) for state in states)


def test_training_on_a_list_in_nrrd_is_the_same_as_on_a_file_of_its_phases(tiny_model, tmp_path):
    nrrd = pytest.importorskip("nrrd")
    directions = np.array([[np.nan] * 3, [1.4, 0, 0], [0, 1.4, 0], [0, 0, 8.0]])
    header = {"space": "left-posterior-superior", "space directions": directions, "space origin": np.zeros(3)}
    header["kinds"] = ["list", "domain", "domain", "domain"]
    nrrd.write(str(tmp_path / "list.seq.nrrd"), np.moveaxis(tubes(1, 2).T, -1, 0), header)
    one = weights_of(tmp_path / "list.seq.nrrd", model=tiny_model)
    assert_same_weights(one, weights_of(as_file(tmp_path / "list.seq.nrrd", "same.nii"), model=tiny_model))


def test_a_cohort_may_mix_dicom_folders_lists_and_files(latent_sr_run, tiny_model, tmp_path):
    nrrd = pytest.importorskip("nrrd")
    cohort, output = tmp_path / "cohort", tmp_path / "tuned.safetensors"
    for seed in range(2):
        slices = stack(tubes(seed), PixelSpacing=[1.4, 1.4], SeriesInstanceUID=uid())
        save(cohort / f"patient{seed}" / "dicom", slices)
    as_file(cohort / "patient0" / "dicom", "file.nii.gz")
    header = {"kinds": ["list", "domain", "domain", "domain"], "spacings": [np.nan, 1.4, 1.4, 8.0]}
    nrrd.write(str(cohort / "patient1" / "list.nrrd"), np.moveaxis(tubes(1, 2).T, -1, 0), header)
    words = ["train", cohort, "--output", output, "--fine-tune", tiny_model, "--iterations", 2, "--threads", 1]
    result = latent_sr_run(*words, "--validation-share", 0)
    assert result.returncode == 0, result.stderr
    assert "trained on 4 files" in result.stdout
    described = json.loads(latent_sr_run("info", output, "--json", "-").stdout)
    assert described["training"]["slice_spacing_mm"] == pytest.approx([6, 8], abs=1e-4)


def test_training_on_a_cine_is_the_same_as_on_a_file_of_its_phases(tiny_model, tmp_path):
    heart = save(tmp_path / "heart", beating())
    one = weights_of(heart, model=tiny_model)
    assert_same_weights(one, weights_of(as_file(heart, "all.mha"), model=tiny_model))


def test_the_command_trains_on_one_phase(latent_sr_run, tiny_model, tmp_path):
    heart = save(tmp_path / "heart", beating())
    words = ["--fine-tune", tiny_model, "--iterations", 1, "--threads", 1]
    for name, source in (("a", [heart, "--phase", 1]), ("b", [as_file(heart, "one.mha", phase=1)])):
        result = latent_sr_run("train", *source, "--output", tmp_path / f"{name}.safetensors", *words)
        assert result.returncode == 0, result.stderr
    assert_same_weights(*(load(tmp_path / f"{name}.safetensors").state_dict() for name in "ab"))


def test_training_takes_one_of_several_series(latent_sr_run, tiny_model, tmp_path):
    both = [*stack(tubes(0), SeriesInstanceUID="1.2.3"), *stack(tubes(1), SeriesInstanceUID="1.2.4", SeriesNumber=8)]
    folder, output = save(tmp_path / "both", both), tmp_path / "m.safetensors"
    words = ["train", folder, "--output", output, "--fine-tune", tiny_model, "--iterations", 1, "--threads", 1]
    assert_one_line_error(latent_sr_run(*words), 1, "2 DICOM series", "--series")
    assert latent_sr_run(*words, "--series", 8).returncode == 0


def test_training_takes_the_slice_axis_if_the_pixel_spacing_exceeds_the_slice_distance(
    latent_sr_run, tiny_model, tmp_path
):
    folder = save(tmp_path / "wide", stack(tubes(0), distance=2.4, PixelSpacing=[3.4, 3.4]))
    words = ["train", folder, "--output", tmp_path / "m.safetensors", "--fine-tune", tiny_model, "--iterations", 1]
    words += ["--threads", 1]
    refused = latent_sr_run(*words)
    assert_one_line_error(refused, 1, "wide' are stacked along axis 2", "3.4 x 3.4 x 2.4 mm", "--set slice-axis=2")
    assert not (tmp_path / "m.safetensors").exists()
    with pytest.raises(latent_sr.LatentSRError, match="slice axis"):
        latent_sr.train([folder], iterations=1, initial_model=tiny_model)
    accepted = latent_sr_run(*words, "--set", "slice-axis=2")
    assert accepted.returncode == 0, accepted.stderr
    weights_of(folder, model=tiny_model, settings={"slice_axis": 2})


def test_damage_is_reported_with_the_name_of_the_users_file(latent_sr_run, tiny_model, tmp_path):
    slices = stack(tubes(0))
    folder = save(tmp_path / "stack", slices)
    path = folder / name_of(folder, slices[3])
    path.write_bytes(path.read_bytes()[:-50])
    words = ["--output", tmp_path / "m.safetensors", "--fine-tune", tiny_model, "--iterations", 1]
    for command in (["train", folder, *words], ["evaluate", folder, "--methods", "linear"]):
        result = latent_sr_run(*command)
        assert result.returncode == 1
        last = result.stderr.splitlines()[-1]
        assert last.startswith("latent-sr: error: ")
        assert f"{path}'" in last
        assert "cut off" in last


def test_validation_volumes_may_be_dicom(latent_sr_run, tiny_model, folder, tmp_path):
    other = save(tmp_path / "other", stack(tubes(4), PixelSpacing=[1.4, 1.4], SeriesInstanceUID=uid()))
    words = ["--validation", other, "--keep", "trained", "--fine-tune", tiny_model, "--iterations", 1, "--threads", 1]
    result = latent_sr_run("train", folder, "--output", tmp_path / "tuned.safetensors", *words)
    assert result.returncode == 0, result.stderr
    assert "best on validation slices" in result.stdout


# evaluate and metrics -------------------------------------------------------------------------------------------------


def evaluated(latent_sr_run, *words) -> dict:
    """Return the result of an evaluation of interpolation only."""
    words = [*words, "--methods", "linear", "--threads", 1, "--jobs", 1]
    result = latent_sr_run("evaluate", *words, "--json", "-")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def scores(volume: dict) -> list[float]:
    """Return all measurements of a volume, except the seconds."""
    return [
        value
        for record in volume["methods"].values()
        for values in (record["slices"], record["kept"]["slices"])
        for metric in ("mse", "ssim", "vifp")
        for value in values[metric]
    ]


def test_evaluation_of_a_dicom_folder_is_the_same_as_of_a_file_of_its_volume(latent_sr_run, folder):
    one = evaluated(latent_sr_run, folder)
    other = evaluated(latent_sr_run, as_file(folder, "same.nrrd"))
    (volume,) = one["volumes"]
    assert volume["size"] == [48, 44, 7]
    assert volume["slice_axis"] == 2
    assert volume["slice_numbers"] == [1, 3, 5]
    assert scores(volume) == pytest.approx(scores(other["volumes"][0]), rel=1e-6)


def test_slices_are_dropped_even_if_the_pixel_spacing_exceeds_the_slice_distance(latent_sr_run, tmp_path):
    folder = save(tmp_path / "wide", stack(tubes(0), distance=2.4, PixelSpacing=[3.4, 3.4]))
    (volume,) = evaluated(latent_sr_run, folder)["volumes"]
    assert volume["slice_axis"] == 2
    (other,) = evaluated(latent_sr_run, as_file(folder, "same.nrrd"), "--axis", 2)["volumes"]
    assert scores(volume) == pytest.approx(scores(other), rel=1e-6)


def test_phases_of_a_cine_are_evaluated(latent_sr_run, tmp_path):
    heart = save(tmp_path / "heart", beating())
    every = evaluated(latent_sr_run, heart)
    assert [volume["frame"] for volume in every["volumes"]] == [0, 1]
    (one,) = evaluated(latent_sr_run, heart, "--phase", 1)["volumes"]
    assert scores(one) == pytest.approx(scores(every["volumes"][1]), rel=1e-6)


def test_a_model_is_evaluated_on_a_dicom_folder(latent_sr_run, tiny_model, folder, tmp_path):
    words = ["evaluate", folder, "--model", tiny_model, "--methods", "linear,latent", "--threads", 1]
    result = latent_sr_run(*words, "--report", tmp_path / "r.html", "--csv", tmp_path / "r.csv")
    assert result.returncode == 0, result.stderr
    assert "stack" in (tmp_path / "r.csv").read_text()


def test_a_folder_and_the_file_of_its_volume_are_the_same_image(latent_sr_run, folder):
    result = latent_sr_run("metrics", folder, as_file(folder, "same.nrrd"), "--json", "-")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    values = json.loads(result.stdout)
    assert values["mse"] == 0
    assert values["slice_axis"] == 2


# Warnings -------------------------------------------------------------------------------------------------------------


def test_every_command_prints_the_warnings_of_the_reader(latent_sr_run, tiny_model, tmp_path):
    moved = shifted([0, 1, 3, -1, 0], [0, 0, -2, 1, 1])
    for dataset in moved:
        dataset.SeriesInstanceUID = "1.2.3.4"
    folder = save(tmp_path / "cohort" / "moved", moved)
    model = ["--fine-tune", tiny_model, "--iterations", 1, "--set", "patch-size=16", "--threads", 1]
    silent = []
    for words in (
        ["upsample", folder, tmp_path / "a.nii", "--model", tiny_model],
        ["upsample", tmp_path / "cohort", tmp_path / "thin", "--model", tiny_model],
        ["metrics", folder, folder],
        ["evaluate", folder, "--methods", "linear"],
        ["train", folder, "--output", tmp_path / "m.safetensors", *model],
    ):
        result = latent_sr_run(*words)
        assert result.returncode == 0, result.stderr
        told = [line for line in result.stderr.splitlines() if line.startswith("latent-sr: warning: the slices of")]
        if not any("moved' are shifted" in line for line in told):
            silent.append(words[0])
    assert silent == []
