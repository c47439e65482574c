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
"""Options of this package's functions. They are dataclasses; single options can be changed by name."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from latent_sr.errors import UsageError

Options = TypeVar("Options")


def changed(options: Options, changes: Mapping[str, Any]) -> Options:
    """A copy of options with some of them changed.

    Parameters
    ----------
    options
        A dataclass.
    changes
        New values by field name.

    Raises
    ------
    UsageError
        If there is no such option.
    """
    known = [field.name for field in fields(options)]
    for name in changes:
        if name not in known:
            raise UsageError(f"there is no option '{name}': it has to be one of {', '.join(known)}")
    return replace(options, **changes)
