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
"""``latent-sr info``."""

import argparse
from typing import Any

from latent_sr.commands.console import check_model_file, put_json, quiet_itk, say
from latent_sr.commands.options import add_command, add_overwrite


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "info",
        help="show what a model file holds",
        description="Show architecture, preprocessing, training and provenance of a model.",
        epilog="""examples:
  latent-sr info mine.safetensors
  latent-sr info                        the bundled model
  latent-sr info mine.safetensors --json -""",
    )
    parser.add_argument("model", nargs="?", metavar="MODEL", help="model file (default: the bundled model)")
    parser.add_argument("--json", metavar="F", help="write the description as JSON; - for stdout instead of the table")
    add_overwrite(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from latent_sr.volumes import check_output

    if arguments.json not in (None, "-"):
        check_output(arguments.json, (".json",), arguments.overwrite)
    check_model_file(arguments.model)
    quiet_itk()

    from latent_sr.models import describe_model, load_model

    description = describe_model(load_model(arguments.model))
    if put_json(description, arguments.json):
        return 0
    for line in _flattened(description):
        say(line)
    return 0


def _flattened(description: dict[str, Any], prefix: str = "") -> list[str]:
    lines = []
    for key, value in description.items():
        name = f"{prefix}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            lines += _flattened(value, f"{name}: ")
        elif isinstance(value, list):
            lines.append(f"{name}: {', '.join(map(str, value)) or 'none'}")
        else:
            lines.append(f"{name}: {value}")
    return lines
