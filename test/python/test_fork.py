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
"""Processes made by fork(), as in data loaders and pools, and threads that are not started.

Every test runs a separate program, because the result depends on what the process has started before. A program that
hangs is ended, with its children.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork()")

COMMON = """
import os, sys, warnings
import itk, latent_sr, numpy as np, torch

warnings.simplefilter("ignore")
model = sys.argv[1] if len(sys.argv) > 1 else None
volume = np.random.default_rng(0).random((4, 48, 64), dtype=np.float32)

def upsampled(**settings):
    image = itk.image_from_array(volume)
    image.SetSpacing([1.4, 1.4, 6.0])
    return itk.array_from_image(latent_sr.upsample(image, factor=3, model=model, **settings))

def in_child(function):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if function() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def tasks():
    return len(os.listdir("/proc/self/task"))
"""


def run(program: str, *arguments: object) -> tuple[str, str]:
    """Run a program, and return what it prints to both streams."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"it hangs: {process.communicate()}")
    assert process.returncode == 0, err
    return out, err


@pytest.mark.parametrize("bundled", [True, False])
def test_a_child_gives_the_result_of_its_parent(tiny_model, bundled):
    # Networks with few channels use LibTorch's convolutions, which depend on the number of threads.
    program = """
expected = upsampled() if model is None else upsampled(threads=1)
upsampled()
assert in_child(lambda: np.array_equal(upsampled(), expected)) == 0
assert in_child(lambda: np.array_equal(upsampled(threads=1), expected)) == 0
assert np.array_equal(upsampled(threads=1), expected)
"""
    run(COMMON + program, *([] if bundled else [tiny_model]))


def test_a_child_says_once_that_it_uses_one_thread():
    program = """
itk.MultiThreaderBase.SetGlobalMaximumNumberOfThreads(4)
itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(4)
upsampled()
assert in_child(lambda: upsampled(threads=1) is not None and upsampled() is not None) == 0
print("asked", file=sys.stderr, flush=True)
assert in_child(lambda: upsampled(threads=2) is not None and upsampled(threads=3) is not None) == 0
"""
    before, after = run(COMMON + program)[1].split("asked")
    assert "One thread" not in before
    assert after.count("One thread is used instead of 2: fork()") == 1
    assert after.count("One thread") == 1


def test_a_library_that_is_loaded_in_the_child_does_not_hang():
    # The child does not know what LibTorch did before the fork.
    program = """
import os, numpy as np, torch

torch.set_num_threads(2)
torch.ones(1000000).add(1)
child = os.fork()
if child == 0:
    import itk, latent_sr

    image = itk.image_from_array(np.random.default_rng(0).random((4, 48, 64), dtype=np.float32))
    image.SetSpacing([1.4, 1.4, 6.0])
    latent_sr.upsample(image, threads=2)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    run(program)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_with_one_thread_no_other_is_started(tmp_path):
    program = """
import json

before = tasks()
bundled = itk.AutoencoderModel.New()
bundled.ReadBundled()
json.loads(bundled.GetDescription())
bundled.Write(sys.argv[2])
itk.AutoencoderModel.New().Read(sys.argv[2])
itk.AutoencoderModel.New().InitializeWeights(1)
model = bundled
print(tasks() - before)
upsampled(threads=1)
for mode in ("decoded", "profile-corrected", "residual-corrected"):
    upsampled(threads=1, mode=mode, orientations=4)
print(tasks() - before)
Image = itk.Image[itk.F, 3]
images = [itk.image_from_array(values) for values in (volume, 0.9 * volume)]
calculator = itk.ImageQualityMetricsCalculator[Image].New()
calculator.SetReferenceImage(images[0])
calculator.SetTestImage(images[1])
calculator.SetDataRange(1.0)
for name in ("SSIM", "VIFp", "FourierCorrelation", "NMI"):
    getattr(calculator, f"SetCompute{name}")(True)
calculator.SetNumberOfWorkUnits(1)
calculator.Compute()
print(tasks() - before)
trainer = itk.AutoencoderTrainer[Image].New()
trainer.SetInitialModel(bundled)
for image in images:
    image.SetSpacing([1.4, 1.4, 6.0])
    trainer.AddTrainingImage(image)
    trainer.AddValidationImage(image)
trainer.SetPatchSize(32)
trainer.SetBatchSize(4)
trainer.SetNumberOfIterations(2)
trainer.SetNumberOfWorkUnits(1)
trainer.Update()
print(tasks() - before)
"""
    assert run(COMMON + program, "", tmp_path / "model.safetensors")[0].split() == ["0"] * 4


def test_a_pool_of_forked_processes_upsamples():
    program = """
import multiprocessing

expected = upsampled()
with multiprocessing.get_context("fork").Pool(2) as pool:
    results = [pool.apply_async(upsampled) for _ in range(4)]
    assert all(np.array_equal(result.get(timeout=100), expected) for result in results)
"""
    run(COMMON + program)


def test_a_data_loader_upsamples_in_its_workers():
    program = """
class Volumes(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, number):
        return torch.from_numpy(upsampled() + number)

expected = upsampled()
loader = torch.utils.data.DataLoader(Volumes(), num_workers=2, multiprocessing_context="fork", timeout=100)
batches = torch.cat(list(loader)).numpy()
assert np.array_equal(batches, np.stack([expected + number for number in range(4)]))
"""
    run(COMMON + program)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_of_a_python_pool_upsample_at_the_same_time(threads):
    program = f"""
from concurrent.futures import ThreadPoolExecutor

expected = upsampled(threads={threads})
with ThreadPoolExecutor(4) as pool:
    results = list(pool.map(lambda _: upsampled(threads={threads}), range(12)))
assert all(np.array_equal(result, expected) for result in results)
assert in_child(lambda: np.array_equal(upsampled(threads={threads}), expected)) == 0
"""
    run(COMMON + program)


def test_the_bundled_model_does_not_call_the_blas():
    # MKL's memory manager is locked while a thread ends. A child that is forked meanwhile would wait for it for ever.
    program = """
from latent_sr.enumerations import MODES

with torch.backends.mkl.verbose(torch.backends.mkl.VERBOSE_ON):
    for mode in MODES:
        upsampled(mode=mode, orientations=4)
    print("product", flush=True)
    torch.ones(64, 64) @ torch.ones(64, 64)
"""
    before, after = run(COMMON + program)[0].split("product")
    assert "GEMM" not in before
    assert "GEMM" in after


@pytest.mark.parametrize("threads", [1, 2])
def test_a_child_that_is_forked_during_a_training_upsamples(threads):
    program = f"""
import threading

expected = upsampled()
trainer = itk.AutoencoderTrainer[itk.Image[itk.F, 3]].New()
image = itk.image_from_array(np.random.default_rng(0).random((6, 48, 64), dtype=np.float32))
image.SetSpacing([1.4, 1.4, 6.0])
trainer.AddTrainingImage(image)
trainer.SetPatchSize(32)
trainer.SetBatchSize(4)
trainer.SetNumberOfIterations(100000)
trainer.SetNumberOfWorkUnits({threads})
begun = threading.Event()
trainer.AddObserver(itk.IterationEvent(), lambda: begun.set())
thread = threading.Thread(target=trainer.Update)
thread.start()
assert begun.wait(60)
for _ in range(3):
    assert in_child(lambda: np.array_equal(upsampled(), expected)) == 0
trainer.StopTraining()
thread.join()
assert trainer.GetStopCondition() == itk.AutoencoderTrainerEnums.StopCondition_StopRequested
"""
    run(COMMON + program)
