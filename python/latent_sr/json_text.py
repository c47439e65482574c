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
"""JSON as text, as all commands write it."""

import json
from typing import Any

from latent_sr.errors import printable


def json_text(value: Any) -> str:
    """A value as JSON, with a newline at its end. What is not ``printable`` is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    lines = (line if printable(line) == line else "".join(map(_json_character, line)) for line in text.split("\n"))
    return "\n".join(lines) + "\n"


def _json_character(character: str) -> str:
    return character if printable(character) == character else json.dumps(character)[1:-1]
