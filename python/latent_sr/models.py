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
"""Loading and describing of models."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, check_name, translated

MODEL_EXTENSIONS = (".safetensors",)
BUNDLED = "bundled"
"""Name of the model that is part of the library."""


def load_model(model: str | os.PathLike | None = None) -> Any:
    """An ``itk.AutoencoderModel`` from a file, or the bundled model.

    Parameters
    ----------
    model
        A ``.safetensors`` file, or None (the default) for the bundled model.

    Raises
    ------
    LatentSRError
        If the file does not exist, is damaged, or is not a model; or if the library has no bundled model.
    """
    import itk

    loaded = itk.AutoencoderModel.New()
    if model is None:
        with translated():
            loaded.ReadBundled()
        return loaded
    path = Path(model)
    if not path.is_file():
        raise LatentSRError(f"the model file '{path}' does not exist")
    check_name(path)
    with translated(f"'{path}'"):
        loaded.Read(str(path))
    return loaded


@dataclass(frozen=True)
class _ModelFile:
    """The contents of a model file, in the place of an ``itk.AutoencoderModel`` that is pickled."""

    contents: bytes


class PicklableModels:
    """A base class of dataclasses that can be pickled with an ``itk.AutoencoderModel`` in a field, which alone can't.

    The pickled object holds the contents of a model file, so the model is the same in another process.
    """

    def __getstate__(self) -> dict[str, Any]:
        return {name: _packed(value) for name, value in self.__dict__.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({name: _unpacked(value) for name, value in state.items()})


def _packed(value: Any) -> Any:
    if type(value).__name__ != "itkAutoencoderModel":
        return value
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="latent-sr-") as folder:
        file = Path(folder) / "model.safetensors"
        with translated("the model can't be pickled"):
            value.Write(str(file))
        return _ModelFile(file.read_bytes())


def _unpacked(value: Any) -> Any:
    if not isinstance(value, _ModelFile):
        return value
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="latent-sr-") as folder:
        file = Path(folder) / "model.safetensors"
        file.write_bytes(value.contents)
        return load_model(file)


def describe_model(model: Any) -> dict[str, Any]:
    """The description of an ``itk.AutoencoderModel``: architecture, preprocessing, training and provenance."""
    return json.loads(model.GetDescription())


def distinct_names(models: list[Path | None]) -> list[str]:
    """Short, distinct names of models: file names without extension, preceded by folders if names are equal."""

    def name(path: Path | None, parts: int) -> str:
        if path is None:
            return BUNDLED
        return "/".join([*path.parts[:-1][len(path.parts) - 1 - parts :], path.stem]) if parts else path.stem

    for parts in range(max((len(path.parts) for path in models if path is not None), default=1)):
        names = [name(path, parts) for path in models]
        if len(set(names)) == len(names):
            return names
    return [BUNDLED if path is None else str(path) for path in models]
