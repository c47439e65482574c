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
"""Processing of volumes one by one: in this process, in processes on this machine, or on a Dask cluster.

A unit of work is a module-level function with a dataclass of plain values, so that it can be sent to another process.
Volumes are named by their paths and read where the work is done. ITK and LibTorch have threads and must not be forked,
so processes are started anew ("spawn").
"""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError, one_line
from latent_sr.interrupts import noted_interrupts
from latent_sr.itk_loading import choose_sparing_load

_LONGEST_WAIT = 0.2
"""Longest time in s until an interrupt is noticed."""

CONNECTION_SECONDS = 30
"""Time in s to wait for a Dask scheduler, and then for its first worker."""

_one_volume_at_a_time = threading.Lock()


def check_parallel(jobs: int, scheduler: str | None) -> None:
    """Check the number of jobs and the address of the scheduler.

    Raises
    ------
    UsageError
        If one of them is invalid, or both are given.
    """
    if jobs < 1:
        raise UsageError(f"jobs is {jobs}, but has to be at least 1")
    if scheduler is not None and "://" not in scheduler:
        raise UsageError(f"scheduler is '{scheduler}', but has to be an address such as tcp://host:8786")
    if scheduler is not None and jobs > 1:
        raise UsageError(f"jobs {jobs} and the scheduler '{scheduler}' exclude each other: set one of them")


def threads_per_job(threads: int | None, jobs: int) -> int | None:
    """The number of threads per process. None with one job means the default."""
    if jobs == 1:
        return threads
    return max(1, (threads or _processors()) // jobs)


def default_jobs(volumes: int, scheduler: str | None) -> int:
    """The default number of processes: one per processor, at most one per 4 volumes, because starting takes seconds."""
    return 1 if scheduler is not None else max(1, min(_processors(), volumes // 4))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_tasks(
    function: Callable[[Any], Any],
    tasks: Sequence[Any],
    names: Sequence[str],
    *,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[tuple[int, Any]]:
    """Call a function for each task, and yield the results in the order of completion.

    Parameters
    ----------
    function
        A module-level function, which another process can find by name.
    tasks
        Dataclasses of plain values. Their attribute "options" has a field "threads", which may be None.
    names
        The names of the tasks for messages.
    jobs
        Number of processes on this machine. Default 1: this process.
    scheduler
        Address of a Dask scheduler, whose workers do the work instead. Default: none.

    Yields
    ------
    int, Any
        The position of a task, and the function's result or its ``LatentSRError``. Closing the iterator, or an
        exception, cancels the remaining work.
    """
    check_parallel(jobs, scheduler)
    if scheduler is not None:
        outcomes = _on_cluster(function, tasks, scheduler)
    elif jobs > 1:
        outcomes = _in_processes(function, tasks, min(jobs, len(tasks)))
    else:
        outcomes = ((position, _attempt(function, task)) for position, task in enumerate(tasks))
    with closing(outcomes):
        for position, outcome in outcomes:
            if isinstance(outcome, LatentSRError) and not _is_named(names[position], str(outcome)):
                outcome = type(outcome)(f"'{names[position]}': {outcome}")
            yield position, outcome


def _is_named(name: str, message: str) -> bool:
    """Whether a message names a file, possibly by its absolute path, or a frame of it."""
    return f"'{name}" in message or f"{name}'" in message


def _attempt(function: Callable[[Any], Any], task: Any) -> Any:
    """The function's result or its error. The error is returned as a value, which can be sent between processes."""
    try:
        return function(task)
    except LatentSRError as error:
        return error
    except (RuntimeError, OSError, MemoryError) as error:
        return LatentSRError(one_line(error))


def _attempt_elsewhere(function: Callable[[Any], Any], task: Any) -> Any:
    """As ``_attempt``, in a process that the command line has not set up."""
    import itk

    itk.Object.GlobalWarningDisplayOff()
    return _attempt(function, task)


# Processes of this machine --------------------------------------------------------------------------------------------


def _begin_process() -> None:
    """Set up a worker process. It exits when its parent does, and its locks leave no system resource behind."""
    from multiprocessing import parent_process

    choose_sparing_load()
    from itk.support.lazy import LazyITKModule

    def watch() -> None:
        parent_process().join()
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # ITK's lock for lazy loading is shared between processes and is a system resource.
    LazyITKModule.set_lock(threading.RLock())
    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started in this context never receive Ctrl-C. It is handled by the process that waits for them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """A pool of one process. If the process dies, it is known which task it was working on."""

    def __init__(self) -> None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        self.executor = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin_process)
        with _interrupts_blocked():
            self.process = self.executor.submit(os.getpid)

    def submit(self, function: Callable[[Any], Any], task: Any) -> Any:
        return self.executor.submit(_attempt_elsewhere, function, task)

    def end(self, at_once: bool) -> None:
        """End the process at once, or after its current work."""
        from concurrent.futures.process import BrokenProcessPool

        if at_once:
            with suppress(BrokenProcessPool, ProcessLookupError):  # if it is gone already
                os.kill(self.process.result(), signal.SIGTERM)
        self.executor.shutdown(wait=True, cancel_futures=True)


def _in_processes(function: Callable[[Any], Any], tasks: Sequence[Any], jobs: int) -> Iterator[tuple[int, Any]]:
    from concurrent.futures import FIRST_COMPLETED, Future, wait
    from concurrent.futures.process import BrokenProcessPool

    waiting = deque(range(len(tasks)))
    idle: list[_Worker] = []
    running: dict[Future, tuple[int, _Worker]] = {}
    # If Ctrl-C were raised while the main thread holds the lock of a future, the lock would never be released.
    with noted_interrupts() as interrupted:
        try:
            idle += [_Worker() for _ in range(jobs)]
            while running or waiting:
                while idle and waiting:
                    worker, position = idle.pop(), waiting.popleft()
                    running[worker.submit(function, tasks[position])] = position, worker
                done, _ = wait(running, timeout=_LONGEST_WAIT, return_when=FIRST_COMPLETED)
                interrupted.check()
                for future in done:
                    position, worker = running.pop(future)
                    try:
                        outcome = future.result()
                        idle.append(worker)
                    except BrokenProcessPool:
                        outcome = LatentSRError("the process that worked on it died (was it killed, or out of memory?)")
                        worker.end(at_once=False)
                        idle.append(_Worker())
                    yield position, outcome
        finally:
            for _, worker in running.values():
                worker.end(at_once=True)
            for worker in idle:
                worker.end(at_once=False)


# Dask -----------------------------------------------------------------------------------------------------------------


def _attempt_on_cluster(function: Callable[[Any], Any], task: Any) -> Any:
    """Run a task in a Dask worker, with the worker's number of threads by default."""
    from distributed import get_worker

    if task.options.threads is None:
        task = replace(task, options=replace(task.options, threads=get_worker().state.nthreads))
    # Each volume uses all threads of the process. Two volumes at a time would only need more memory.
    with _one_volume_at_a_time:
        return _attempt_elsewhere(function, task)


def _connected(address: str) -> Any:
    """A client of a Dask scheduler with at least one worker."""
    import logging

    try:
        from distributed import Client
    except ImportError as error:
        raise LatentSRError(
            f"the scheduler '{address}' can't be used without Dask: pip install 'itk-latentspacesuperresolution[dask]'"
        ) from error
    # Dask logs several lines per problem. Errors arrive as exceptions anyway.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=CONNECTION_SECONDS, set_as_default=False)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise LatentSRError(f"can't reach the Dask scheduler '{address}': {one_line(error)}") from error
    try:
        client.wait_for_workers(1, timeout=CONNECTION_SECONDS)
    except TimeoutError as error:
        client.close()
        raise LatentSRError(f"the Dask scheduler '{address}' has no worker") from error
    except BaseException:
        client.close()
        raise
    return client


def _on_cluster(function: Callable[[Any], Any], tasks: Sequence[Any], address: str) -> Iterator[tuple[int, Any]]:
    client = _connected(address)
    from distributed import as_completed

    futures: dict[Any, int] = {}
    try:
        # pure=False: results are not reused, because a file may have changed. retries: if a worker is lost, another one
        # runs its task.
        for position, task in enumerate(tasks):
            futures[client.submit(_attempt_on_cluster, function, task, pure=False, retries=2)] = position
        for future in as_completed(list(futures), loop=client.loop):
            position = futures.pop(future)
            if future.status == "finished":
                outcome = future.result()
            elif future.status == "cancelled":
                outcome = LatentSRError(f"the Dask scheduler '{address}' is gone")
            else:
                outcome = LatentSRError(f"failed on the Dask cluster: {one_line(future.exception())}")
            future.release()
            yield position, outcome
    finally:
        try:
            client.cancel(list(futures))
        finally:
            client.close()


def path_for_worker(path: str | os.PathLike, scheduler: str | None) -> str:
    """A path for the process that uses it. On a cluster it is absolute: other machines have other current folders."""
    return str(path if scheduler is None else Path(path).absolute())
