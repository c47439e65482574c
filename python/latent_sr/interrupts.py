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
"""Handling of Ctrl-C: as an event instead of an exception, and as a clean end of an ``itk::ProcessObject``. Handling of
SIGTERM, by which schedulers of clusters, containers and the system end a process.
"""

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from latent_sr.errors import LatentSRError, one_line

_temporaries: set[Path] = set()


class Terminated(KeyboardInterrupt):
    """SIGTERM has arrived within ``noted_interrupts``."""


class Interrupted:
    """Whether a signal has arrived, and which one."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def check(self) -> None:
        """Raise ``KeyboardInterrupt`` or ``Terminated`` if a signal has arrived."""
        if self.signal is not None:
            raise Terminated if self.signal == signal.SIGTERM else KeyboardInterrupt


@contextmanager
def removed_on_sigterm(temporary: Path) -> Iterator[None]:
    """A context in which SIGTERM removes a temporary file or folder before it ends the process."""
    _temporaries.add(temporary)
    try:
        yield
    finally:
        _temporaries.discard(temporary)


@contextmanager
def ended_by_sigterm(message: str) -> Iterator[None]:
    """A context in which SIGTERM removes temporary files, and ends the process with the exit code 143 and a message on
    stderr. This is for a process that belongs to this package.

    An exception, as on Ctrl-C, could be lost: Python and ITK drop those that arrive while they import a module. Worker
    processes end by themselves when they lose their parent.
    """

    def end(number: int, _frame: object) -> NoReturn:
        # Python runs this between two of its own instructions, in the main thread.
        for temporary in tuple(_temporaries):
            if temporary.is_dir() and not temporary.is_symlink():
                shutil.rmtree(temporary, ignore_errors=True)
            else:
                with suppress(OSError):
                    temporary.unlink()
        with suppress(OSError):
            os.write(2, f"{message}\n".encode())
        os._exit(128 + number)

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, end)
    _handlers.append(end)
    try:
        yield
    finally:
        _handlers.remove(end)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


_handlers: list[Any] = []
"""The handler of ``ended_by_sigterm`` while it is in effect."""


@contextmanager
def noted_interrupts(also: Callable[[], None] = lambda: None) -> Iterator[Interrupted]:
    """Note Ctrl-C, and SIGTERM within ``ended_by_sigterm``, instead of ending at once. In threads other than the main
    one, do nothing.

    Parameters
    ----------
    also
        Called at each signal as well.
    """
    interrupted = Interrupted()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def note(number: int, _frame: object) -> None:
        interrupted.signal = number
        also()

    numbers = [signal.SIGINT]
    if signal.getsignal(signal.SIGTERM) in _handlers:
        numbers.append(signal.SIGTERM)
    previous = {number: signal.signal(number, note) for number in numbers}
    try:
        yield interrupted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler if handler is not None else signal.default_int_handler)


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
        After Ctrl-C, or as ``Terminated`` after SIGTERM. The process has been aborted at its next event.
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
            if not failure and interrupted.signal is None:
                raise LatentSRError(one_line(error)) from error
        finally:
            process.RemoveObserver(tag)
    if failure:
        raise failure[0]
    interrupted.check()
