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
"""Handling of Ctrl-C and SIGTERM: as an event instead of an exception, and as a clean end of an ``itk::ProcessObject``.

SIGTERM is how schedulers of clusters, containers and the system end a process. Without a handler it would leave
temporary files behind.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from latent_sr.errors import LatentSRError, one_line


class Terminated(KeyboardInterrupt):
    """SIGTERM has arrived. What ends after Ctrl-C ends in the same way."""


def raise_on_sigterm() -> None:
    """Raise ``Terminated`` on SIGTERM from now on. This is for a process that belongs to this package."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _raise_terminated)


def forget_sigterm() -> None:
    """Forget a SIGTERM whose exception has been handled."""
    _pending.clear()


_pending: list[int] = []
"""SIGTERM, from its arrival until its exception is handled."""


def _raise_terminated(number: int, _frame: object) -> None:
    # Python drops an exception that is raised within a destructor or a callback. The next work then ends at once.
    _pending.append(number)
    raise Terminated


class Interrupted:
    """Whether a signal has arrived, and which one."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def check(self) -> None:
        """Raise ``KeyboardInterrupt`` or ``Terminated`` if a signal has arrived."""
        if self.signal is not None:
            raise Terminated if self.signal == signal.SIGTERM else KeyboardInterrupt


@contextmanager
def noted_interrupts(also: Callable[[], None] = lambda: None) -> Iterator[Interrupted]:
    """Note Ctrl-C, and SIGTERM after ``raise_on_sigterm``, instead of raising an exception at once. In threads other
    than the main one, do nothing.

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

    if _pending:
        raise Terminated
    numbers = [signal.SIGINT]
    if signal.getsignal(signal.SIGTERM) is _raise_terminated:
        numbers.append(signal.SIGTERM)
    previous = {number: signal.signal(number, note) for number in numbers}
    try:
        yield interrupted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler if handler is not None else signal.default_int_handler)


def run_interruptibly(process: Any, event: Any = None, observer: Callable[[], None] | None = None) -> None:
    """Update an ``itk::ProcessObject``. Ctrl-C, SIGTERM and errors of the observer end it cleanly.

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
