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
"""The parts of ITK and LibTorch that every command needs. Importing this module imports neither."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from latent_sr.errors import LatentSRError, one_line

MODES = {
    "decoded": "OutputMode_Decoded",
    "preserve-acquired": "OutputMode_PreserveAcquired",
    "residual-corrected": "OutputMode_ResidualCorrected",
    "low-pass-corrected": "OutputMode_LowPassCorrected",
    "profile-corrected": "OutputMode_ProfileCorrected",
    "auto": "OutputMode_Automatic",
}
DEFAULT_MODE = "auto"
GAIN_MODES = ("residual-corrected", "profile-corrected")
"""Modes in which the residual gain has an effect."""

PRECISIONS = {"float32": "Precision_Float32", "bfloat16": "Precision_BFloat16"}
DEFAULT_PRECISION = "float32"


def mode_enum(mode: str) -> Any:
    """The value of ``itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode`` for a name of ``MODES``.

    Raises
    ------
    LatentSRError
        For any other name.
    """
    return _enum("LatentSpaceSuperResolutionImageFilterEnums", "mode", mode, MODES)


def precision_enum(precision: str) -> Any:
    """The value of ``itk::AutoencoderModelEnums::Precision`` for a name of ``PRECISIONS``.

    Raises
    ------
    LatentSRError
        For any other name.
    """
    return _enum("AutoencoderModelEnums", "precision", precision, PRECISIONS)


def _enum(holder: str, parameter: str, name: str, names: dict[str, str]) -> Any:
    import itk

    if name not in names:
        raise LatentSRError(f"{parameter} is '{name}', but has to be one of {', '.join(names)}")
    return getattr(getattr(itk, holder), names[name])


@contextmanager
def noted_interrupts(also: Callable[[], None] = lambda: None) -> Iterator[threading.Event]:
    """Have Ctrl-C noted in an event, instead of raised wherever the main thread is; in other threads, nothing changes.

    Parameters
    ----------
    also
        What to do besides at each Ctrl-C.
    """
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def note(_signal: int, _frame: object) -> None:
        interrupted.set()
        also()

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, previous if previous is not None else signal.default_int_handler)


def run(process: Any, event: Any = None, observer: Callable[[], None] | None = None) -> None:
    """Update an ``itk::ProcessObject``, so that Ctrl-C and errors of an observer end it cleanly.

    Parameters
    ----------
    process
        The filter or trainer.
    event
        The event to observe, such as ``itk.IterationEvent()``. Default: ``itk.ProgressEvent()``.
    observer
        Called without arguments at every such event. What it raises aborts the process and is raised from here.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C. The process has been aborted at its next event.
    LatentSRError
        With the message of an ``itk::ExceptionObject``.
    """
    import itk

    failure: list[BaseException] = []

    def observe() -> None:
        # An exception must not leave an observer: ITK would print it and replace it by another one.
        try:
            if observer is not None and not failure:
                observer()
        except BaseException as error:
            failure.append(error)
            process.AbortGenerateDataOn()

    # Even without an observer there has to be one: Python looks at signals only when it executes Python.
    tag = process.AddObserver(event if event is not None else itk.ProgressEvent(), observe)
    with noted_interrupts(process.AbortGenerateDataOn) as interrupted:
        try:
            process.Update()
        except RuntimeError as error:
            if not failure and not interrupted.is_set():
                raise LatentSRError(one_line(error)) from error
        finally:
            process.RemoveObserver(tag)
    if failure:
        raise failure[0]
    if interrupted.is_set():
        raise KeyboardInterrupt


@contextmanager
def translated(subject: str = "") -> Iterator[None]:
    """Turn the ``RuntimeError`` of a C++ exception into a ``LatentSRError`` whose message begins with the subject."""
    try:
        yield
    except RuntimeError as error:
        message = one_line(error)
        if subject and subject not in message:
            message = f"{subject}: {message}"
        raise LatentSRError(message) from error


@contextmanager
def number_of_threads(threads: int | None) -> Iterator[None]:
    """Limit the threads of ITK and LibTorch for a while. None: leave both alone."""
    if threads is None:
        yield
        return
    import itk
    import torch

    before_itk = itk.MultiThreaderBase.GetGlobalDefaultNumberOfThreads()
    before_torch = torch.get_num_threads()
    itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(threads)
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(before_itk)
        torch.set_num_threads(before_torch)


def set_work_units(process: Any, threads: int | None) -> None:
    """Set the number of threads of a filter or trainer; None leaves its default."""
    if threads is not None:
        process.SetNumberOfWorkUnits(threads)


def versions() -> dict[str, str]:
    """The versions of this package and of what it computes with."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import latent_sr

    found = {"latent_sr": latent_sr.__version__, "python": platform.python_version()}
    for name, distribution in (("itk", "itk-core"), ("torch", "torch"), ("numpy", "numpy")):
        try:
            found[name] = version(distribution)
        except PackageNotFoundError:
            found[name] = "unknown"
    found["system"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    return found
