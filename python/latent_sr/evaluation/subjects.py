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
"""The subject of each volume."""

import re
from collections.abc import Sequence
from pathlib import Path

from latent_sr.errors import LatentSRError, UsageError
from latent_sr.volumes import stem_of


def subjects_of(paths: Sequence[Path], pattern: re.Pattern[str] | None) -> list[str]:
    """The subject of each volume: the first group of a pattern that is searched in its path.

    Without a pattern, each volume is a subject. Its name is the file's name without extension, or the path if two names
    are equal.

    Raises
    ------
    LatentSRError
        If the pattern does not match.
    """
    if pattern is None:
        stems = [stem_of(path) for path in paths]
        return stems if len(set(stems)) == len(stems) else [path.as_posix() for path in paths]
    subjects = []
    for path in paths:
        match = pattern.search(path.as_posix())
        if match is None or match.group(1) is None:
            raise LatentSRError(f"the subject pattern '{pattern.pattern}' does not match '{path.as_posix()}'")
        subjects.append(match.group(1))
    return subjects


def compile_subject(pattern: str | None) -> re.Pattern[str] | None:
    """Compile a subject pattern.

    Raises
    ------
    UsageError
        If it is not a regular expression, or has no group.
    """
    if pattern is None:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"the subject pattern '{pattern}' is not a regular expression: {error}") from error
    if compiled.groups < 1:
        raise UsageError(f"the subject pattern '{pattern}' has no group: put parentheses around what names the subject")
    return compiled
