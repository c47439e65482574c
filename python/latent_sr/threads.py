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
"""Number of threads of ITK and LibTorch."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def number_of_threads(threads: int | None) -> Iterator[None]:
    """Limit the number of threads of ITK and LibTorch within the context. None: leave both unchanged."""
    if threads is None:
        yield
        return
    import itk

    before_itk = itk.MultiThreaderBase.GetGlobalDefaultNumberOfThreads()
    # This module's classes set LibTorch's threads themselves. Only a process that uses PyTorch needs its setting.
    torch = sys.modules.get("torch")
    before_torch = torch.get_num_threads() if torch else 0
    itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(threads)
    if torch:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(before_itk)
        if torch:
            torch.set_num_threads(before_torch)


def set_work_units(process: Any, threads: int | None) -> None:
    """Set the number of threads of a filter or trainer. None: leave its default."""
    if threads is not None:
        process.SetNumberOfWorkUnits(threads)
