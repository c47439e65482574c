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
"""Sidecars of NIfTI files, sidecars of outputs, and BIDS datasets."""

import hashlib
import json

import latent_sr
import numpy as np
import pytest
from conftest import phantom, write_nifti
from latent_sr.folders import with_reconstruction
from latent_sr.volumes import open_volume, read_header
from test_command_line import assert_one_line_error


@pytest.fixture
def touching(tmp_path):
    """A stack of slices with a spacing of 5 mm."""
    return write_nifti(tmp_path / "thick.nii.gz", phantom(), np.diag([-1.4, -1.4, 5.0, 1.0]))


def describe(volume, **entries):
    path = volume.with_name("thick.json")
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


# Sidecars of inputs ---------------------------------------------------------------------------------------------------


def test_the_thickness_in_a_sidecar_gives_the_bits_of_the_option(latent_sr_run, tiny_model, touching, tmp_path):
    words = ("--model", tiny_model, "--factor", 3, "--threads", 1)
    option = latent_sr_run("upsample", touching, tmp_path / "option.nii", *words, "--slice-thickness", 5)
    unknown = latent_sr_run("upsample", touching, tmp_path / "unknown.nii", *words)
    describe(touching, SliceThickness=5, Manufacturer="any")
    told = latent_sr_run("upsample", touching, tmp_path / "told.nii", *words)
    assert option.returncode == unknown.returncode == told.returncode == 0
    results = {name: (tmp_path / f"{name}.nii").read_bytes() for name in ("option", "unknown", "told")}
    assert results["told"] == results["option"]
    assert results["told"] != results["unknown"]
    assert "low-pass-corrected (slices every 5 mm, of unknown thickness" in unknown.stdout
    assert "profile-corrected (slices touch: 5 mm thick by SliceThickness in 'thick.json', every 5 mm)" in told.stdout
    assert "profile-corrected (slices touch: 5 mm thick by --slice-thickness, every 5 mm)" in option.stdout


def test_an_option_outweighs_the_sidecar(latent_sr_run, tiny_model, touching, tmp_path):
    describe(touching, SliceThickness=5)
    result = latent_sr_run("upsample", touching, tmp_path / "a.nii", "--model", tiny_model, "--slice-thickness", 2)
    assert "low-pass-corrected (slices do not touch: 2 mm thick by --slice-thickness, every 5 mm)" in result.stdout


@pytest.mark.parametrize("distance", [7.0, 7.01])
def test_nobody_is_asked_for_a_thickness_that_has_no_effect(latent_sr_run, tiny_model, tmp_path, distance):
    volume = write_nifti(tmp_path / "thick.nii", phantom(), np.diag([-1.4, -1.4, distance, 1.0]))
    words = ("--model", tiny_model, "--threads", 1)
    unknown = latent_sr_run("upsample", volume, tmp_path / "a.nii", *words)
    known = latent_sr_run("upsample", volume, tmp_path / "b.nii", *words, "--slice-thickness", distance)
    has_effect = (tmp_path / "a.nii").read_bytes() != (tmp_path / "b.nii").read_bytes()
    assert has_effect == (distance <= 7.0)
    assert ("give --slice-thickness if it is known" in unknown.stdout) == has_effect
    assert ("modes for touching slices end at 7 mm" in known.stdout) != has_effect


def test_an_implausible_thickness_is_warned_of(latent_sr_run, tiny_model, thick, tmp_path):
    words = ("upsample", thick, tmp_path / "a.nii", "--model", tiny_model, "--overwrite", "--slice-thickness")
    assert "slices are 80 mm thick by --slice-thickness, but 8 mm apart" in latent_sr_run(*words, 80).stderr
    assert "thick by" not in latent_sr_run(*words, 24).stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is ignored"),
        ("[1, 2]", "does not hold an object"),
        (b"\xff\xfe", "is ignored"),
        ("[" * 200_000, "is ignored"),
        ('{"SliceThickness": "5 mm"}', "SliceThickness in"),
        ('{"SliceThickness": -5}', "is -5, but has to be a positive number"),
        ('{"SliceThickness": true}', "is true, but"),
        ('{"SliceThickness": NaN}', "is NaN, but"),
        ('{"SliceThickness": [5, 5]}', "is [5, 5], but"),
    ],
)
def test_a_damaged_sidecar_is_ignored_with_a_warning(touching, content, said):
    path = touching.with_name("thick.json")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    header = read_header(touching)
    assert header.slice_thickness == 0
    assert len(header.warnings) == 1
    assert said in header.warnings[0]
    assert "thick.json" in header.warnings[0]


def test_a_sidecar_that_is_no_file_or_too_large_is_not_read(touching):
    path = touching.with_name("thick.json")
    path.mkdir()
    assert read_header(touching).warnings == ()
    path.rmdir()
    with path.open("wb") as stream:
        stream.truncate(2**24 + 1)
    assert "bytes" in read_header(touching).warnings[0]


def test_a_sidecar_of_other_things_says_nothing(touching):
    describe(touching, EchoTime=0.1)
    header = read_header(touching)
    assert (header.slice_thickness, header.thickness_source, header.warnings) == (0.0, "", ())


def test_a_spacing_that_disagrees_is_a_warning_and_the_header_is_taken(touching):
    describe(touching, SliceThickness=4, SpacingBetweenSlices=6)
    volume = open_volume(touching)
    assert volume.image.GetSpacing()[2] == pytest.approx(5)
    assert volume.slice_thickness == 4
    assert len(volume.warnings) == 1
    assert "SpacingBetweenSlices" in volume.warnings[0]
    assert "is 6 mm" in volume.warnings[0]
    assert "says 5 mm" in volume.warnings[0]
    describe(touching, SpacingBetweenSlices=5.001)
    assert open_volume(touching).warnings == ()


@pytest.mark.parametrize(("stored", "expected", "warned"), [(0.0, 2.5, False), (2.5, 2.5, False), (1.0, 1.0, True)])
def test_the_repetition_time_fills_in_a_missing_time_step(tmp_path, stored, expected, warned):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(np.zeros((6, 6, 4, 3), np.int16), np.diag([-1.0, -1.0, 5.0, 1.0]))
    image.header["pixdim"][4] = stored
    nibabel.save(image, tmp_path / "thick.nii")
    describe(tmp_path / "thick.nii", RepetitionTime=2.5)
    volume = open_volume(tmp_path / "thick.nii")
    assert volume.image.GetSpacing()[3] == pytest.approx(expected)
    assert ["RepetitionTime" in text for text in volume.warnings] == [True] * warned


# Sidecars of outputs --------------------------------------------------------------------------------------------------


def test_a_sidecar_says_what_was_done(latent_sr_run, tiny_model, touching, tmp_path):
    describe(touching, SliceThickness=5)
    output = tmp_path / "new" / "folder" / "thin.nii.gz"
    result = latent_sr_run("upsample", touching, output, "--model", tiny_model, "--factor", 4)
    assert result.returncode == 0, result.stderr
    content = json.loads(output.with_name("thin.json").read_text(encoding="utf-8"))
    assert content["Sources"] == ["../../thick.nii.gz"]
    assert content["GeneratedBy"][0]["Name"] == "latent-sr"
    assert content["SpacingBetweenSlices"] == pytest.approx(1.25)
    done = content["LatentSR"]
    assert done["factor"] == 4
    assert done["mode"] == "profile-corrected"
    assert "SliceThickness in 'thick.json'" in done["mode_because"]
    assert done["slice_thickness_mm"] == 5
    assert done["window"][0] < done["window"][1]
    assert done["model"]["file"] == tiny_model.name
    assert done["model"]["sha256"] == hashlib.sha256(tiny_model.read_bytes()).hexdigest()
    # The output can be read again: its sidecar is no contradiction.
    assert read_header(output).warnings == ()


def test_the_sidecar_identifies_the_bundled_model(latent_sr_run, touching, tmp_path):
    assert latent_sr_run("upsample", touching, tmp_path / "thin.nii").returncode == 0
    model = json.loads((tmp_path / "thin.json").read_text(encoding="utf-8"))["LatentSR"]["model"]
    assert model["file"] == "bundled"
    assert model["name"] == latent_sr.describe_model(latent_sr.load_model())["provenance"]["name"]
    assert len(model["sha256"]) == 64


def test_a_file_in_the_place_of_the_sidecar_is_not_replaced(latent_sr_run, tiny_model, touching, tmp_path):
    (tmp_path / "thin.json").write_text("mine")
    words = ("upsample", touching, tmp_path / "thin.nii", "--model", tiny_model)
    assert_one_line_error(latent_sr_run(*words), 1, "thin.json", "exists already")
    assert latent_sr_run(*words, "--no-sidecar").returncode == 0
    assert (tmp_path / "thin.json").read_text() == "mine"
    assert latent_sr_run(*words, "--overwrite").returncode == 0
    assert "GeneratedBy" in (tmp_path / "thin.json").read_text()


def test_two_outputs_of_one_stem_share_the_name_of_the_sidecar_which_names_its_output(
    latent_sr_run, tiny_model, touching, tmp_path
):
    for name in ("thin.nii", "thin.nrrd"):
        assert latent_sr_run("upsample", touching, tmp_path / name, "--model", tiny_model).returncode == 0
        assert json.loads((tmp_path / "thin.json").read_text(encoding="utf-8"))["LatentSR"]["output"] == name


def test_an_old_sidecar_does_not_stay_beside_a_new_volume(latent_sr_run, tiny_model, touching, tmp_path):
    words = ("upsample", touching, tmp_path / "thin.nii", "--model", tiny_model, "--overwrite")
    assert latent_sr_run(*words).returncode == 0
    assert (tmp_path / "thin.json").exists()
    assert latent_sr_run(*words, "--no-sidecar").returncode == 0
    assert not (tmp_path / "thin.json").exists()


# Datasets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sub-01_T2w", "sub-01_rec-latentsr_T2w"),
        ("sub-01_ses-2_acq-tra_run-1_T2w", "sub-01_ses-2_acq-tra_rec-latentsr_run-1_T2w"),
        ("sub-01_rec-norm_run-2_T1w", "sub-01_rec-normlatentsr_run-2_T1w"),
        ("sub-01_task-rest_dir-AP_run-1_bold", "sub-01_task-rest_rec-latentsr_dir-AP_run-1_bold"),
    ],
)
def test_the_entity_rec_has_its_place_in_names_of_bids(before, after):
    assert with_reconstruction(before) == after


def test_the_output_of_a_dataset_is_a_derivative(latent_sr_run, tiny_model, tmp_path):
    source, out = tmp_path / "raw", tmp_path / "derived" / "latent-sr"
    anat = source / "sub-01" / "anat"
    anat.mkdir(parents=True)
    (source / "dataset_description.json").write_text('{"Name": "raw", "BIDSVersion": "1.8.0"}')
    write_nifti(anat / "sub-01_acq-tra_T2w.nii.gz", phantom())
    write_nifti(anat / "localizer.nii.gz", phantom())
    result = latent_sr_run("upsample", source, out, "--model", tiny_model)
    assert result.returncode == 0, result.stderr
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "dataset_description.json",
        "sub-01/anat/localizer_sr.json",
        "sub-01/anat/localizer_sr.nii.gz",
        "sub-01/anat/sub-01_acq-tra_rec-latentsr_T2w.json",
        "sub-01/anat/sub-01_acq-tra_rec-latentsr_T2w.nii.gz",
    ]
    description = json.loads((out / "dataset_description.json").read_text(encoding="utf-8"))
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "latent-sr"
    sidecar = out / "sub-01" / "anat" / "sub-01_acq-tra_rec-latentsr_T2w.json"
    sources = json.loads(sidecar.read_text(encoding="utf-8"))["Sources"]
    assert (sidecar.parent / sources[0]).resolve() == (anat / "sub-01_acq-tra_T2w.nii.gz").resolve()
