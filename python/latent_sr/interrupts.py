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
"""Ctrl-C: noted instead of raised, and as the clean end of an ``itk::ProcessObject``."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from latent_sr.errors import LatentSRError, one_line


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


def run_interruptibly(process: Any, event: Any = None, observer: Callable[[], None] | None = None) -> None:
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
