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
"""Tasks of ``test_parallel``. Other processes can import this module without pytest."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from latent_sr.errors import LatentSRError


@dataclass(frozen=True)
class Options:
    """Options of all tasks."""

    threads: int | None = None


@dataclass(frozen=True)
class Task:
    """A number, and a file in which the task leaves a trace."""

    number: int
    trace: str = ""
    options: Options = Options()


def fail_on_odd(task: Task) -> int:
    """Return the number, and fail if it is odd."""
    if task.number % 2:
        raise LatentSRError(f"{task.number} is odd")
    return task.number


def die_once(task: Task) -> int:
    """Return the number, or kill the process if the task has a trace."""
    if task.trace:
        os.kill(os.getpid(), signal.SIGKILL)
    return task.number


def sleep_long(task: Task) -> int:
    """Return the number after that number of seconds. The trace is the process ID."""
    if task.trace:
        Path(task.trace).write_text(str(os.getpid()))
    time.sleep(task.number)
    return task.number
