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
"""Handling of Ctrl-C: as an event instead of an exception, and as a clean end of an ``itk::ProcessObject``."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from latent_sr.errors import LatentSRError, one_line


@contextmanager
def noted_interrupts(also: Callable[[], None] = lambda: None) -> Iterator[threading.Event]:
    """Set an event on Ctrl-C instead of raising ``KeyboardInterrupt``. In threads other than the main one, do nothing.

    Parameters
    ----------
    also
        Called at each Ctrl-C as well.
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
    """Update an ``itk::ProcessObject``. Ctrl-C and errors of the observer end it cleanly.

    Parameters
    ----------
    process
        The filter or trainer.
    event
        The event to observe, such as ``itk.IterationEvent()``. Default: ``itk.ProgressEvent()``.
    observer
        Called without arguments at each such event. Its exception aborts the process and is raised again from here.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C. The process has been aborted at its next event.
    LatentSRError
        If the process throws an ``itk::ExceptionObject``, with its message.
    """
    import itk

    failure: list[BaseException] = []

    def observe() -> None:
        # An exception must not leave an observer: ITK would print it and throw another one instead.
        try:
            if observer is not None and not failure:
                observer()
        except BaseException as error:
            failure.append(error)
            process.AbortGenerateDataOn()

    # There must be an observer in any case: Python handles signals only while it executes Python code.
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
