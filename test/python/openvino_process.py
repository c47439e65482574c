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
"""Inference by OpenVINO, in a process of its own that has loaded neither ITK nor LibTorch."""

import multiprocessing
from functools import cache
from typing import Any


@cache
def _compiled(path: str) -> Any:
    import openvino

    return openvino.compile_model(path, "CPU", {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"})


def _infer(path: str, tensors: dict[str, Any]) -> dict[str, Any]:
    model = _compiled(path)
    found = model({port.any_name: tensors[port.any_name] for port in model.inputs})
    return {port.any_name: found[port].copy() for port in model.outputs}


@cache
def _pool() -> Any:
    return multiprocessing.get_context("spawn").Pool(1)


def infer(path: str, tensors: dict[str, Any]) -> dict[str, Any]:
    """Run a graph.

    Parameters
    ----------
    path
        File of the graph.
    tensors
        Arrays by name. Those that the graph does not have are left out.

    Returns
    -------
    dict
        The outputs by name.
    """
    return _pool().apply(_infer, [path, tensors])
