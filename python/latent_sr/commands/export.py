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
"""``latent-sr export``."""

import argparse
from typing import Any

from latent_sr.commands.console import check_model_file, quiet_itk, say
from latent_sr.commands.options import add_command, add_overwrite, whole_number
from latent_sr.errors import UsageError


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "export",
        help="write the network of a model as ONNX graphs",
        description="Write the network of a model as three ONNX graphs: encoder.onnx, mixing.onnx and decoder.onnx. "
        "They run without this package, for example in ONNX Runtime and OpenVINO. Their metadata has the pixel spacing "
        "and the intensity window that the network expects. Needs the packages onnx and safetensors.",
        epilog="""examples:
  latent-sr export mine.safetensors graphs/
  latent-sr export graphs/                       the bundled model
  latent-sr export bundled graphs/ --overwrite   the same""",
    )
    parser.add_argument("model", nargs="?", metavar="MODEL", help="model file, or bundled (default: the bundled model)")
    parser.add_argument("folder", metavar="FOLDER", help="where the graphs are written; it is made if it is missing")
    parser.add_argument(
        "--opset", type=whole_number(1), metavar="N", help="version of ONNX's operators, 13 to 20 (default: 17)"
    )
    add_overwrite(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    model = None if arguments.model == "bundled" else arguments.model
    check_model_file(model)
    if arguments.model is None and arguments.folder.endswith(".safetensors"):
        raise UsageError(f"'{arguments.folder}' is the name of a model file: give MODEL and FOLDER")
    if model is None:
        quiet_itk()

    from latent_sr.onnx_export import DEFAULT_OPSET, export_onnx

    for path in export_onnx(
        model, arguments.folder, opset=arguments.opset or DEFAULT_OPSET, overwrite=arguments.overwrite
    ):
        say(str(path))
    return 0
