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
"""``latent-sr`` as a command line module of 3D Slicer.

Slicer runs ``latent-sr --xml`` and makes a panel of the description that it gets (the Slicer Execution Model). To run
the module, it calls ``latent-sr`` with the flags of that description, followed by the names of the files in the order
of their index.
"""

from collections.abc import Sequence
from typing import Any

from latent_sr.enumerations import DEFAULT_MODE, MODES

XML = "--xml"
CALL = "--slicer"
"""A hidden flag of the description, by which a call of Slicer is recognized."""


def described() -> str:
    """The description of ``latent-sr upsample`` as XML."""
    from xml.etree import ElementTree

    from latent_sr.versions import package_version

    module = ElementTree.Element("executable")
    for name, text in {
        "category": "Filtering",
        "title": "Latent-Space Super-Resolution",
        "description": "Turns a stack of thick slices into one of thin slices, which an autoencoder synthesizes from "
        "mixed latents of neighboring slices. Not for diagnosis.",
        "version": package_version(),
        "documentation-url": "https://arxiv.org/abs/2010.13172",
        "license": "Apache-2.0",
        "contributor": "The ITKLatentSpaceSuperResolution developers",
    }.items():
        ElementTree.SubElement(module, name).text = text
    files = _group(module, "IO", "Input and output")
    _add(files, "image", "input", "Input", "Stack of thick slices", channel="input", index="0")
    _add(files, "image", "output", "Output", "Stack of thin slices", channel="output", index="1")
    grid = _group(module, "Grid", "Which slices are made")
    _add(grid, "integer", "factor", "Factor", "Number of output slice distances per input slice distance", default="2")
    _add(grid, "boolean", "slicer", "Called by Slicer", "Tells the program that Slicer calls it", default="true")
    grid[-1].set("hidden", "true")
    network = _group(module, "Network", "How slices are made", advanced="true")
    mode = _add(network, "string-enumeration", "mode", "Mode", "How slices are made", default=DEFAULT_MODE)
    for name in MODES:
        ElementTree.SubElement(mode, "element").text = name
    thickness = "Thickness of the slices in mm; 0: not known"
    _add(network, "double", "slice-thickness", "Slice thickness", thickness, default="0")
    _add(network, "integer", "threads", "Threads", "Number of threads", default="2")
    ElementTree.indent(module)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(module, encoding="unicode")}\n'


def _group(module: Any, label: str, description: str, **attributes: str) -> Any:
    from xml.etree import ElementTree

    group = ElementTree.SubElement(module, "parameters", attributes)
    ElementTree.SubElement(group, "label").text = label
    ElementTree.SubElement(group, "description").text = description
    return group


def _add(group: Any, kind: str, name: str, label: str, description: str, **entries: str) -> Any:
    """Add a parameter. One without an index gets the flag of the command line."""
    from xml.etree import ElementTree

    parameter = ElementTree.SubElement(group, kind)
    ElementTree.SubElement(parameter, "name").text = name.replace("-", "_")
    if "index" not in entries:
        ElementTree.SubElement(parameter, "longflag").text = f"--{name}"
    ElementTree.SubElement(parameter, "label").text = label
    ElementTree.SubElement(parameter, "description").text = description
    for entry, text in entries.items():
        ElementTree.SubElement(parameter, entry).text = text
    return parameter


def as_command(words: Sequence[str]) -> list[str] | None:
    """The command line of a call of Slicer; None for another one.

    Slicer names temporary files, which may exist, and which need no sidecar.
    """
    if CALL not in words:
        return None
    return ["upsample", *(word for word in words if word != CALL), "--overwrite", "--no-sidecar"]
