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
"""Work on many volumes: processes of this machine, a Dask cluster, folders of volumes, and their failures."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import latent_sr
import numpy as np
import pytest
from conftest import interrupted, phantom, write_nifti
from latent_sr.evaluation.options import EvaluationOptions
from latent_sr.evaluation.result import comparable
from latent_sr.evaluation.run import run_evaluation
from latent_sr.parallel import run_tasks, threads_per_job
from parallel_tasks import Task, die_once, fail_on_odd, sleep_long
from test_command_line import assert_one_line_error
from test_io import write_dicom_series


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Path:
    """Six volumes, one of them 4D."""
    folder = tmp_path_factory.mktemp("cohort")
    for number in range(5):
        write_nifti(folder / f"patient{number}.nii.gz", phantom(seed=number))
    write_nifti(folder / "patient5.nii.gz", np.stack([phantom(seed=5), phantom(seed=6)]))
    return folder


@pytest.fixture(scope="module")
def alone(cohort, calibrated_model) -> dict:
    """The result of one process with all threads."""
    return latent_sr.evaluate([cohort], models=[calibrated_model], methods=["linear", "bspline", "latent"])


@pytest.fixture(scope="module")
def cluster():
    """A Dask cluster of two processes of this machine, one thread each."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, processes=True, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster


# Local processes ------------------------------------------------------------------------------------------------------


def test_two_processes_give_the_result_of_one(cohort, calibrated_model, alone):
    steps = []
    result = latent_sr.evaluate(
        [cohort],
        models=[calibrated_model],
        methods=["linear", "bspline", "latent"],
        jobs=2,
        progress=lambda *step: steps.append(step),
    )
    assert comparable(result) == comparable(alone)
    assert result["settings"]["jobs"] == 2
    assert all("expected_error" in volume["methods"]["latent"] for volume in result["volumes"])
    assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps)
    assert steps[-1] == (21, 21, "")
    assert [volume["path"] for volume in result["volumes"]] == [volume["path"] for volume in alone["volumes"]]


def test_pictures_come_back_from_other_processes(cohort, calibrated_model):
    alone, together = (
        run_evaluation(
            [cohort],
            EvaluationOptions(models=[calibrated_model], methods=["linear", "latent"], jobs=jobs),
            with_pictures=True,
        )
        for jobs in (1, 2)
    )
    for first, second in zip(alone.pictures.gallery, together.pictures.gallery, strict=True):
        assert (first.volume, first.slice_number) == (second.volume, second.slice_number)
        np.testing.assert_array_equal(first.recovered["latent"], second.recovered["latent"])
        np.testing.assert_array_equal(first.expected["latent"], second.expected["latent"])
    np.testing.assert_array_equal(alone.pictures.long_axis.before, together.pictures.long_axis.before)
    assert [worst.kind for worst in together.pictures.worst] == ["loss", "lowest"]


def test_threads_are_shared_between_processes():
    assert threads_per_job(8, 2) == 4
    assert threads_per_job(2, 4) == 1
    assert threads_per_job(None, 1) is None
    assert threads_per_job(None, 2) >= 1


def test_errors_are_returned_as_errors_and_do_not_stop_other_tasks():
    outcomes = dict(run_tasks(fail_on_odd, [Task(n) for n in range(4)], list("abcd"), jobs=2))
    assert [outcomes[n] for n in (0, 2)] == [0, 2]
    for n, name in ((1, "b"), (3, "d")):
        assert isinstance(outcomes[n], latent_sr.LatentSRError)
        assert str(outcomes[n]) == f"'{name}': {n} is odd"


def test_a_process_that_dies_is_an_error_that_names_its_volume(tmp_path):
    tasks = [Task(n, str(tmp_path / "died") if n == 1 else "") for n in range(4)]
    outcomes = dict(run_tasks(die_once, tasks, ["a.nii", "b.nii", "c.nii", "d.nii"], jobs=2))
    assert str(outcomes[1]) == "'b.nii': the process that worked on it died (was it killed, or out of memory?)"
    assert [outcomes[n] for n in (0, 2, 3)] == [0, 2, 3]


def test_closing_ends_the_processes_at_once(tmp_path):
    start = time.monotonic()
    names = [str(tmp_path / name) for name in "ab"]
    with closing(
        run_tasks(sleep_long, [Task(0), *(Task(300, name) for name in names)], list("abc"), jobs=3)
    ) as running:
        assert next(running) == (0, 0)
        while not all(Path(name).exists() and Path(name).read_text() for name in names):
            time.sleep(0.05)
    assert time.monotonic() - start < 100
    for name in names:
        with pytest.raises(ProcessLookupError):
            os.kill(int(Path(name).read_text()), 0)


def living_processes(group: int) -> list[str]:
    """Return the commands of the processes of a group that are not zombies."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


def ignore_interrupts() -> None:
    """Ignore interrupts, as in a background process of a shell without job control."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.skipif(shutil.which("ps") is None, reason="processes are looked up with ps")
@pytest.mark.parametrize(("whole_group", "background"), [(False, False), (True, False), (False, True)])
def test_an_interrupt_ends_all_processes_without_superfluous_output(tiny_model, tmp_path, whole_group, background):
    (tmp_path / "in").mkdir()
    for name in ("a.nii", "b.nii"):
        write_nifti(tmp_path / "in" / name, phantom(40, 256, 256))
    write_nifti(tmp_path / "in" / "0.nii", phantom())
    words = ["upsample", tmp_path / "in", tmp_path / "out", "--model", tiny_model, "--factor", "30", "--jobs", "2"]
    process, first, rest = interrupted(
        words,
        os.killpg if whole_group else os.kill,
        start_new_session=True,
        preexec_fn=ignore_interrupts if background else None,
    )
    assert first.startswith("upsampling: 30 % (1 of 3 volumes")
    assert rest == "latent-sr: interrupted\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0_sr.json", "0_sr.nii"]
    # Python's resource tracker ends by itself, a moment later.
    for _ in range(100):
        if not living_processes(process):
            break
        time.sleep(0.1)
    assert living_processes(process) == []


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_an_interrupt_ends_a_command_that_was_started_with_interrupts_ignored(tiny_model, tmp_path):
    source = write_nifti(tmp_path / "thick.nii", phantom(40, 256, 256))
    words = ["upsample", source, tmp_path / "thin.nii", "--model", tiny_model, "--factor", "30"]
    _, first, _ = interrupted(words, preexec_fn=ignore_interrupts)
    assert first.startswith("upsampling: ")
    assert [path.name for path in tmp_path.iterdir()] == ["thick.nii"]


# Dask -----------------------------------------------------------------------------------------------------------------


def test_a_cluster_gives_the_result_of_one_process(cluster, cohort, calibrated_model, alone):
    result = latent_sr.evaluate(
        [cohort],
        models=[calibrated_model],
        methods=["linear", "bspline", "latent"],
        scheduler=cluster.scheduler_address,
    )
    assert comparable(result) == comparable(alone)
    assert result["settings"]["scheduler"] == cluster.scheduler_address


def test_a_worker_that_is_killed_does_not_change_the_result(cluster, tiny_model, tmp_path):
    distributed = pytest.importorskip("distributed")
    for number in range(6):
        write_nifti(tmp_path / f"patient{number}.nii", phantom(15, 96, 96, seed=number))
    settings = {"models": [tiny_model], "methods": ["linear", "lanczos", "latent"]}
    alone = latent_sr.evaluate([tmp_path], **settings)
    killed = []
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:

        def kill_one(_done: int, _total: int, _note: str) -> None:
            # After the first file, the workers are busy with the next files.
            busy = sorted(worker for worker, tasks in client.processing().items() if tasks)
            if busy and not killed:
                killed.append(client.run(os.getpid)[busy[0]])
                os.kill(killed[0], signal.SIGKILL)

        result = latent_sr.evaluate([tmp_path], **settings, scheduler=cluster.scheduler_address, progress=kill_one)
        assert killed
        assert killed[0] not in client.run(os.getpid).values()
    assert comparable(result) == comparable(alone)


def test_a_worker_that_joins_takes_a_share_of_the_volumes(tiny_model, tmp_path):
    distributed = pytest.importorskip("distributed")
    for number in range(12):
        write_nifti(tmp_path / f"patient{number:02}.nii", phantom(15, 96, 96, seed=number))
    settings = {"models": [tiny_model], "methods": ["linear", "lanczos", "latent"]}
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster, cluster.get_client() as client:

        def add_one(done: int, _total: int, _note: str) -> None:
            if done > 0 and len(cluster.workers) == 1:
                cluster.scale(2)
                client.wait_for_workers(2, timeout=60)

        result = latent_sr.evaluate([tmp_path], **settings, scheduler=cluster.scheduler_address, progress=add_one)
        done = client.run(lambda dask_worker: dask_worker.state.executed_count)
    assert len(done) == 2
    assert all(count > 0 for count in done.values())
    assert comparable(result) == comparable(latent_sr.evaluate([tmp_path], **settings))


def test_a_cluster_upsamples_a_folder(cluster, latent_sr_run, cohort, tiny_model, tmp_path):
    local = latent_sr_run("upsample", cohort, tmp_path / "local", "--model", tiny_model, "--threads", 1)
    remote = latent_sr_run(
        *("upsample", cohort, tmp_path / "remote", "--model", tiny_model, "--scheduler", cluster.scheduler_address)
    )
    assert local.returncode == remote.returncode == 0, remote.stderr
    assert same_volumes(tmp_path / "local", tmp_path / "remote") == 6


def test_a_failure_on_a_cluster_names_the_volume(cluster, cohort, latent_sr_run, tmp_path):
    folder = tmp_path / "cohort"
    shutil.copytree(cohort, folder)
    (folder / "patient3.nii.gz").write_bytes((folder / "patient3.nii.gz").read_bytes()[:-500])
    result = latent_sr_run("evaluate", folder, "--methods", "linear", "--scheduler", cluster.scheduler_address)
    assert result.returncode == 1
    assert "patient3.nii.gz" in result.stderr.splitlines()[-1]
    assert "damaged" in result.stderr.splitlines()[-1]


def test_a_missing_scheduler_is_reported_in_one_line(latent_sr_run, thick, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("latent_sr.parallel.CONNECTION_SECONDS", 1)
    result = latent_sr_run("evaluate", thick, "--methods", "linear", "--scheduler", "tcp://127.0.0.1:9")
    assert_one_line_error(result, 1, "tcp://127.0.0.1:9", "can't reach")


def test_without_dask_the_message_says_what_to_install(latent_sr_run, thick, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = latent_sr_run("evaluate", thick, "--methods", "linear", "--scheduler", "tcp://127.0.0.1:9")
    assert_one_line_error(result, 1, "itk-latentspacesuperresolution[dask]")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["evaluate", "a.nii", "--jobs", "0"], ["--jobs", "'0'", "at least 1"]),
        (["evaluate", "a.nii", "--scheduler", "head:8786"], ["head:8786", "tcp://"]),
        (["evaluate", "a.nii", "--jobs", "2", "--scheduler", "tcp://head:1"], ["exclude each other", "tcp://head:1"]),
        (["upsample", "in", "out", "--jobs", "2", "--scheduler", "tcp://head:1"], ["exclude each other"]),
        (["upsample", "in", "thin.nii", "--jobs", "2"], ["--jobs", "thin.nii", "folders"]),
        (["upsample", "in", "in/out"], ["in/out", "lies in the input folder"]),
        (["upsample", "in", "out", "--window", "2", "1"], ["window", "2 to 1"]),
    ],
)
def test_wrong_use_is_reported_in_one_line_with_exit_code_2(latent_sr_run, tmp_path, words, parts):
    (tmp_path / "in").mkdir()
    write_nifti(tmp_path / "in" / "a.nii", phantom())
    assert_one_line_error(latent_sr_run(*words, cwd=tmp_path), 2, *parts)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


# Folders --------------------------------------------------------------------------------------------------------------


def same_volumes(first: Path, second: Path) -> int:
    """Assert that two folders have the same volumes, and return their number."""
    import itk

    names, others = (
        sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".json")
        for folder in (first, second)
    )
    assert names == others
    for name in names:
        arrays = [itk.array_from_image(latent_sr.read_volume(folder / name)) for folder in (first, second)]
        np.testing.assert_array_equal(*arrays)
    return len(names)


@pytest.fixture
def mixed(tmp_path) -> Path:
    """A folder with volumes of several formats, in subfolders, and a DICOM series."""
    import itk

    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    write_nifti(folder / "a.nii.gz", phantom(seed=1))
    write_nifti(folder / "sub" / "a.nii", phantom(seed=2))
    itk.imwrite(latent_sr.read_volume(folder / "a.nii.gz"), str(folder / "b.mhd"))
    write_dicom_series(folder / "sub" / "series.1", phantom(seed=3))
    return folder


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_volume_of_a_folder_keeps_its_name_with_a_suffix(latent_sr_run, tiny_model, mixed, tmp_path, jobs):
    out = tmp_path / "out"
    words = ("--model", tiny_model, "--factor", 3)
    result = latent_sr_run("upsample", mixed, out, *words, "--jobs", jobs, "--threads", jobs)
    assert result.returncode == 0, result.stderr
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    found = [name for name in files if not name.endswith(".json")]
    assert found == ["a_sr.nii.gz", "b_sr.mha", "sub/a_sr.nii", "sub/series.1_sr.nii.gz"]
    assert sorted({*files} - {*found}) == ["a_sr.json", "b_sr.json", "sub/a_sr.json", "sub/series.1_sr.json"]
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [str(out / name) for name in found]
    assert "100 % (4 of 4 volumes" in result.stderr
    single = tmp_path / "single.nii"
    assert latent_sr_run("upsample", mixed / "sub" / "a.nii", single, *words, "--threads", 1).returncode == 0
    assert single.read_bytes() == (out / "sub" / "a_sr.nii").read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_volume_that_fails_does_not_stop_the_others(latent_sr_run, tiny_model, mixed, tmp_path, jobs):
    (mixed / "bad.nii").write_bytes(b"no volume")
    write_nifti(mixed / "cube.nii", phantom(), np.eye(4))
    out = tmp_path / "out"
    words = ("--model", tiny_model, "--jobs", jobs, "--no-sidecar", "--suffix", "")
    result = latent_sr_run("upsample", mixed, out, *words)
    assert result.returncode == 1
    errors = [line for line in result.stderr.splitlines() if line.startswith("latent-sr: error: ")]
    assert len(errors) == 2
    assert "bad.nii" in errors[0]
    assert "cube.nii" in errors[1]
    assert sorted(path.name for path in out.rglob("*")) == ["a.nii", "a.nii.gz", "b.mha", "series.1.nii.gz", "sub"]


def test_existing_outputs_of_a_folder_are_replaced_only_on_demand(latent_sr_run, tiny_model, mixed, tmp_path):
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    (out / "sub" / "a_sr.nii").write_text("mine")
    words = ("upsample", mixed, out, "--model", tiny_model)
    assert_one_line_error(latent_sr_run(*words), 1, "a_sr.nii", "exists already", "--overwrite")
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["a_sr.nii"]
    skipping = latent_sr_run(*words, "--skip-existing")
    assert skipping.returncode == 0
    assert f"{out / 'sub' / 'a_sr.nii'}: exists already, skipped\n" in skipping.stdout
    assert (out / "sub" / "a_sr.nii").read_text() == "mine"
    assert len([path for path in out.rglob("*") if path.is_file()]) == 7
    assert latent_sr_run(*words, "--overwrite").returncode == 0
    assert len([path for path in out.rglob("*") if path.is_file()]) == 8
    assert (out / "sub" / "a_sr.nii").read_bytes() != b"mine"
    assert latent_sr_run(*words, "--skip-existing").stdout.count("skipped") == 4


def test_two_volumes_of_one_name_are_refused(latent_sr_run, tiny_model, mixed, tmp_path):
    shutil.copy(mixed / "a.nii.gz", mixed / "c.nii.gz")
    write_dicom_series(mixed / "c", phantom())
    result = latent_sr_run("upsample", mixed, tmp_path / "out", "--model", tiny_model)
    assert_one_line_error(result, 1, "c.nii.gz", "would both become")
    assert not (tmp_path / "out").exists()


def test_two_volumes_with_one_sidecar_are_refused(latent_sr_run, tiny_model, mixed, tmp_path):
    shutil.copy(mixed / "sub" / "a.nii", mixed / "a.nii")
    words = ("upsample", mixed, tmp_path / "out", "--model", tiny_model)
    assert_one_line_error(latent_sr_run(*words), 1, "a_sr.json", "--no-sidecar")
    assert latent_sr_run(*words, "--no-sidecar").returncode == 0


def test_nothing_is_left_of_a_folder_in_which_everything_fails(latent_sr_run, tiny_model, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.nii").write_bytes(b"no volume")
    result = latent_sr_run("upsample", tmp_path / "in", tmp_path / "out", "--model", tiny_model)
    assert result.returncode == 1
    assert not (tmp_path / "out").exists()


def test_a_missing_model_is_reported_once(latent_sr_run, mixed, tmp_path):
    result = latent_sr_run("upsample", mixed, tmp_path / "out", "--model", "none.safetensors")
    assert_one_line_error(result, 1, "none.safetensors", "does not exist")
    assert not (tmp_path / "out").exists()
