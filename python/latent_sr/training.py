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
"""Training of a model on anisotropic volumes."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from latent_sr.errors import UsageError
from latent_sr.io import cast, common_pixel_type, pixel_type, split_frames
from latent_sr.models import load_model
from latent_sr.toolkit import DEFAULT_PRECISION, precision_enum, run, set_work_units, translated, versions

PRESETS = ("default", "paper")

_NO_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class TrainingState:
    """Where a training stands after an iteration.

    Attributes
    ----------
    iteration
        Number of iterations done.
    loss, reconstruction_loss, synthesis_loss
        Of this iteration; the parts before weighting, 0 if not computed.
    learning_rate
        Of this iteration.
    elapsed
        Seconds since the first iteration began.
    """

    iteration: int
    loss: float
    reconstruction_loss: float
    synthesis_loss: float
    learning_rate: float
    elapsed: float


def make_trainer(
    images: Sequence[Any],
    *,
    preset: str = "default",
    iterations: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    initial_model: Any = None,
    precision: str = DEFAULT_PRECISION,
    threads: int | None = None,
) -> Any:
    """An ``AutoencoderTrainer`` with images as inputs. Parameters are those of ``train``."""
    import itk

    if not images:
        raise UsageError("there is no volume to train on")
    if preset not in PRESETS:
        raise UsageError(f"preset is '{preset}', but has to be one of {', '.join(PRESETS)}")
    if iterations is not None and minutes is not None:
        raise UsageError(f"iterations {iterations} and minutes {minutes:g} exclude each other: set one of them")
    if isinstance(initial_model, (str, os.PathLike)):
        initial_model = load_model(initial_model)

    volumes = [frame for image in images for frame in split_frames(image)]
    common = common_pixel_type(pixel_type(volume) for volume in volumes)
    volumes = [cast(volume, common) for volume in volumes]

    with translated():
        trainer = itk.AutoencoderTrainer[itk.Image[getattr(itk, common), 3]].New()
        if preset == "paper":
            trainer.SetParametersToPaper()
            if initial_model is None:
                initial_model = itk.AutoencoderModel.New()
                initial_model.SetArchitectureToPaper()
        if initial_model is not None:
            trainer.SetInitialModel(initial_model)
        if iterations is not None:
            trainer.SetNumberOfIterations(iterations)
        if minutes is not None:
            trainer.SetNumberOfIterations(_NO_LIMIT)
            trainer.SetTimeBudget(60.0 * minutes)
        trainer.SetSeed(seed)
        trainer.SetPrecision(precision_enum(precision))
        set_work_units(trainer, threads)
        for volume in volumes:
            trainer.AddTrainingImage(volume)
    return trainer


def run_trainer(trainer: Any, on_iteration: Callable[[TrainingState], None] | None = None) -> Any:
    """Run a trainer of ``make_trainer`` and return the model, detached from it.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, which ends the training within one iteration.
    LatentSRError
        If the trainer refuses its inputs, or the training fails.
    """
    import itk

    def observe() -> None:
        if on_iteration is not None:
            on_iteration(
                TrainingState(
                    iteration=int(trainer.GetCurrentIteration()),
                    loss=trainer.GetCurrentLoss(),
                    reconstruction_loss=trainer.GetCurrentReconstructionLoss(),
                    synthesis_loss=trainer.GetCurrentSynthesisLoss(),
                    learning_rate=trainer.GetCurrentLearningRate(),
                    elapsed=trainer.GetElapsedTime(),
                )
            )

    run(trainer, itk.IterationEvent(), observe)
    model = trainer.GetModel()
    model.DisconnectPipeline()
    return model


def train(
    images: Sequence[Any],
    *,
    preset: str = "default",
    iterations: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    initial_model: Any = None,
    precision: str = DEFAULT_PRECISION,
    threads: int | None = None,
    on_iteration: Callable[[TrainingState], None] | None = None,
) -> Any:
    """Train a model on the in-plane slices of anisotropic volumes.

    Parameters
    ----------
    images
        ``itk.Image`` objects, 3D, or 4D with time as the last axis (each frame is a volume of its own). Sizes, spacings
        and pixel types may differ; if types differ, volumes are converted to float32.
    preset
        "default", or "paper": network and training of arXiv:2010.13172, which needs about a million iterations.
    iterations
        Number of iterations. Default: that of the preset.
    minutes
        Time budget instead of a number of iterations.
    seed
        Of everything random. Default 0.
    initial_model
        ``itk.AutoencoderModel`` or name of a model file: architecture, preprocessing and, if it has any, weights to
        start from. Default: none.
    precision
        "float32" (the default) or "bfloat16".
    threads
        Number of threads. Default: that of ITK and LibTorch.
    on_iteration
        Called with a ``TrainingState`` after every iteration.

    Returns
    -------
    itk.AutoencoderModel
        With provenance entries ``date`` and ``software``.

    Raises
    ------
    UsageError
        Without images, for an unknown preset, or if iterations and minutes are both given.
    LatentSRError
        If the trainer refuses its inputs, or the training fails.
    KeyboardInterrupt
        After Ctrl-C.
    """
    trainer = make_trainer(
        images,
        preset=preset,
        iterations=iterations,
        minutes=minutes,
        seed=seed,
        initial_model=initial_model,
        precision=precision,
        threads=threads,
    )
    model = run_trainer(trainer, on_iteration)
    sign(model, volumes=int(trainer.GetNumberOfTrainingImages()), iterations=int(trainer.GetCurrentIteration()))
    return model


def sign(model: Any, volumes: int, iterations: int, command: str = "") -> None:
    """Write into a model's provenance when and how it was made. Names of files stay out: they may name patients."""
    found = versions()
    model.SetProvenance("date", datetime.now(UTC).strftime("%Y-%m-%d"))
    model.SetProvenance("software", f"latent-sr {found['latent_sr']}, torch {found['torch']}")
    model.SetProvenance("volumes", str(volumes))
    model.SetProvenance("iterations", str(iterations))
    if command:
        model.SetProvenance("command", command)
