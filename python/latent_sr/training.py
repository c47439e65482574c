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

import json
import os
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from latent_sr.enumerations import DEFAULT_PRECISION, precision_enum
from latent_sr.errors import LatentSRError, UsageError, translated
from latent_sr.interrupts import run_interruptibly
from latent_sr.models import PicklableModels, load_model
from latent_sr.options import changed
from latent_sr.recipe import apply_to_network, apply_to_trainer, parse
from latent_sr.threads import set_work_units
from latent_sr.versions import versions
from latent_sr.volumes import DEFAULT_READING, cast, common_pixel_type, pixel_type, split_frames
from latent_sr.volumes.convert import files_for_itk

PRESETS = ("default", "paper")
NETWORKS = ("multi-scale", "paper")

FINE_TUNING_RATE = 5e-4
"""Learning rate for fine-tuning with the default preset, if none is set: half the rate for a new model."""

_NO_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class Validation:
    """Scores of the network and of interpolation on synthesized slices of the validation volumes.

    Attributes
    ----------
    psnr, linear_psnr, bspline_psnr
        Means over slices, then over volumes, in dB.
    ssim, linear_ssim, bspline_ssim
        Means over slices, then over volumes.
    loss
        Mean squared error + 0.1 (1 - SSIM). The best model is chosen by this value.
    best_iteration
        Iteration of the best validation so far.
    """

    psnr: float
    ssim: float
    loss: float
    linear_psnr: float
    linear_ssim: float
    bspline_psnr: float
    bspline_ssim: float
    best_iteration: int


@dataclass(frozen=True)
class TrainingState:
    """The state of a training after an iteration.

    Attributes
    ----------
    iteration
        Number of iterations done.
    loss, reconstruction_loss, synthesis_loss
        Losses of this iteration. The two parts are given before weighting; 0 if not computed.
    learning_rate
        Learning rate of this iteration.
    elapsed
        Time in s since the first iteration began. Pauses of a resumed training are not counted.
    validation
        The result of the validation after this iteration; None if there was none.
    """

    iteration: int
    loss: float
    reconstruction_loss: float
    synthesis_loss: float
    learning_rate: float
    elapsed: float
    validation: Validation | None = None


def _is_path(volume: Any) -> bool:
    return isinstance(volume, (str, os.PathLike))


def _frames(volumes: Sequence[Any]) -> list[Any]:
    return [frame for volume in volumes if not _is_path(volume) for frame in split_frames(volume)]


@dataclass(frozen=True)
class TrainingOptions(PicklableModels):
    """The options of a training. They can be pickled, also with a model.

    Attributes
    ----------
    preset
        "default", or "paper": network and training of arXiv:2010.13172, which needs about a million iterations.
    network
        "multi-scale" or "paper": the network to train with the preset's recipe. Default: the preset's network.
    settings
        Other parameters of the trainer and the network, by name, such as
        ``{"learning_rate": 3e-4, "latent_levels": [2, 3]}``. The names are those of
        ``latent_sr.recipe.trainer_parameters()`` and ``latent_sr.recipe.NETWORK``.
    iterations
        Number of iterations. Default: that of the preset.
    minutes
        Time limit in minutes, instead of a number of iterations.
    seed
        Seed of the random numbers. Default 0.
    initial_model
        ``itk.AutoencoderModel`` or name of a model file. It gives the architecture, the preprocessing and, if it has
        any, the initial weights. With weights, the learning rate is ``FINE_TUNING_RATE`` unless ``settings`` contain
        one. Default: none.
    validation
        Images or names of files, of other subjects than the training volumes. The model that synthesizes their slices
        best is returned. Default: none; the last model is returned.
    early_stopping
        Number of validations without improvement after which the training stops. There is a validation every 100
        iterations. Default: never.
    checkpoint
        ``.safetensors`` file for the state of the training, written at intervals and at the end. Default: none.
    checkpoint_every
        Number of iterations between checkpoints. Default: 500, and at least one checkpoint every 10 minutes.
    resume
        Continue from the checkpoint, if it exists. Default: start from the beginning.
    cache
        Memory for volumes in MiB. Default: 4096.
    precision
        "float32" (the default) or "bfloat16".
    threads
        Number of threads. Default: that of ITK and LibTorch.
    process_group
        Name of the ``torch.distributed`` group whose processes train one model. Default: none.
    """

    preset: str = "default"
    network: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    iterations: int | None = None
    minutes: float | None = None
    seed: int = 0
    initial_model: Any = None
    validation: Sequence[Any] = ()
    early_stopping: int | None = None
    checkpoint: str | os.PathLike | None = None
    checkpoint_every: int | None = None
    resume: bool = False
    cache: int | None = None
    precision: str = DEFAULT_PRECISION
    threads: int | None = None
    process_group: str = ""

    def check(self) -> None:
        """Check the options that do not depend on the volumes.

        Raises
        ------
        UsageError
            With the option, its value and what is allowed.
        """
        if self.preset not in PRESETS:
            raise UsageError(f"preset is '{self.preset}', but has to be one of {', '.join(PRESETS)}")
        if self.network not in (None, *NETWORKS):
            raise UsageError(f"network is '{self.network}', but has to be one of {', '.join(NETWORKS)}")
        if self.network is not None and self.initial_model is not None:
            raise UsageError(f"network '{self.network}' and an initial model, which has a network, exclude each other")
        parse(self.settings)
        if self.iterations is not None and self.minutes is not None:
            raise UsageError(
                f"iterations {self.iterations} and minutes {self.minutes:g} exclude each other: set one of them"
            )
        if self.early_stopping is not None and not self.validation:
            raise UsageError(
                f"early stopping after {self.early_stopping} validations has no effect without validation volumes"
            )
        if self.resume and self.checkpoint is None:
            raise UsageError("there is nothing to resume from: name a checkpoint")


def make_trainer(images: Sequence[Any], options: TrainingOptions | None = None, **changes: Any) -> Any:
    """An ``AutoencoderTrainer`` with its inputs. The parameters are those of ``train``."""
    import itk

    options = changed(options or TrainingOptions(), changes)
    if not images:
        raise UsageError("there is no volume to train on")
    options.check()
    in_memory = [volume for volume in (*images, *options.validation) if not _is_path(volume)]
    common = common_pixel_type(map(pixel_type, in_memory)) if in_memory else "F"
    initial_model = options.initial_model
    if _is_path(initial_model):
        initial_model = load_model(initial_model)
    with translated():
        trainer = itk.AutoencoderTrainer[itk.Image[getattr(itk, common), 3]].New()
        _set_recipe(trainer, options, initial_model)
        _set_length(trainer, options)
        _set_checkpoint(trainer, options)
        if options.cache is not None:
            trainer.SetCacheSize(options.cache)
        trainer.SetSeed(options.seed)
        trainer.SetPrecision(precision_enum(options.precision))
        trainer.SetProcessGroupName(options.process_group)
        set_work_units(trainer, options.threads)
        _add_volumes(images, common, trainer.AddTrainingImage, trainer.AddTrainingFileName)
        _add_volumes(options.validation, common, trainer.AddValidationImage, trainer.AddValidationFileName)
    return trainer


def _set_recipe(trainer: Any, options: TrainingOptions, initial_model: Any) -> None:
    """Set the preset, then the other settings, then the initial network."""
    import itk

    recipe = parse(options.settings)
    if options.preset == "paper":
        trainer.SetParametersToPaper()
    elif initial_model is not None and initial_model.HasWeights():
        trainer.SetLearningRate(FINE_TUNING_RATE)
    apply_to_trainer(trainer, recipe.trainer)
    if initial_model is None:
        initial_model = itk.AutoencoderModel.New()
        if (options.network or options.preset) == "paper":
            initial_model.SetArchitectureToPaper()
    apply_to_network(initial_model, recipe.network)
    trainer.SetInitialModel(initial_model)


def _set_length(trainer: Any, options: TrainingOptions) -> None:
    if options.iterations is not None:
        trainer.SetNumberOfIterations(options.iterations)
    if options.minutes is not None:
        trainer.SetNumberOfIterations(_NO_LIMIT)
        trainer.SetTimeBudget(60.0 * options.minutes)
    if options.early_stopping is not None:
        trainer.SetEarlyStoppingPatience(options.early_stopping)


def _set_checkpoint(trainer: Any, options: TrainingOptions) -> None:
    if options.checkpoint is not None:
        trainer.SetCheckpointFileName(os.fspath(options.checkpoint))
        trainer.SetResume(options.resume)
    if options.checkpoint_every is not None:
        trainer.SetCheckpointInterval(options.checkpoint_every)


def _add_volumes(
    volumes: Sequence[Any], common: str, add_image: Callable[[Any], None], add_file: Callable[[str], None]
) -> None:
    """Add images, in one pixel type, and files, which the trainer reads when it needs them."""
    import itk

    for frame in _frames(volumes):
        add_image(cast(frame, common))
    files = [str(volume) for volume in volumes if _is_path(volume)]
    if files:
        # Creating a reader in Python registers the file formats of all ITK packages.
        itk.ImageFileReader[itk.Image[itk.F, 3]].New()
    for name in files:
        add_file(name)


def state_of(trainer: Any) -> TrainingState:
    """The state of a trainer, for its observers."""
    iteration = int(trainer.GetCurrentIteration())
    validation = None
    if int(trainer.GetValidationIteration()) == iteration:
        validation = Validation(
            psnr=trainer.GetValidationPSNR(),
            ssim=trainer.GetValidationSSIM(),
            loss=trainer.GetValidationLoss(),
            linear_psnr=trainer.GetLinearValidationPSNR(),
            linear_ssim=trainer.GetLinearValidationSSIM(),
            bspline_psnr=trainer.GetBSplineValidationPSNR(),
            bspline_ssim=trainer.GetBSplineValidationSSIM(),
            best_iteration=int(trainer.GetBestIteration()),
        )
    return TrainingState(
        iteration=iteration,
        loss=trainer.GetCurrentLoss(),
        reconstruction_loss=trainer.GetCurrentReconstructionLoss(),
        synthesis_loss=trainer.GetCurrentSynthesisLoss(),
        learning_rate=trainer.GetCurrentLearningRate(),
        elapsed=trainer.GetElapsedTime(),
        validation=validation,
    )


def run_trainer(trainer: Any, on_iteration: Callable[[TrainingState], None] | None = None) -> Any:
    """Run a trainer of ``make_trainer``, and return the model, disconnected from the trainer.

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
            on_iteration(state_of(trainer))

    run_interruptibly(trainer, itk.IterationEvent(), observe)
    model = trainer.GetOutput()
    model.DisconnectPipeline()
    return model


def train(
    images: Sequence[Any],
    options: TrainingOptions | None = None,
    *,
    on_iteration: Callable[[TrainingState], None] | None = None,
    **changes: Any,
) -> Any:
    """Train a model on the in-plane slices of anisotropic volumes.

    Parameters
    ----------
    images
        ``itk.Image`` objects, 3D, or 4D with time as the last axis (each frame is used as a volume); or names of files
        or DICOM folders. Files are read when they are needed, so they need not fit in memory together. DICOM folders
        are converted to temporary files first. Sizes, spacings and pixel types may differ. Images of different pixel
        types are converted to float32.
    options
        See ``TrainingOptions``. Default: its defaults.
    on_iteration
        Called with a ``TrainingState`` after every iteration.
    **changes
        Single options by name, such as ``iterations=500``.

    Returns
    -------
    itk.AutoencoderModel
        The model, with the provenance entries ``date`` and ``software``.

    Raises
    ------
    UsageError
        If there are no images, an option is invalid, or options exclude each other.
    LatentSRError
        If the trainer refuses its inputs, or the training fails.
    KeyboardInterrupt
        After Ctrl-C.
    """
    options = changed(options or TrainingOptions(), changes)
    options.check()
    with _with_files_for_itk(images, options) as (files, validation):
        trainer = make_trainer(files, options, validation=validation)
        model = run_trainer(trainer, on_iteration)
    sign(model, iterations=int(trainer.GetCurrentIteration()))
    return model


@contextmanager
def _with_files_for_itk(images: Sequence[Any], options: TrainingOptions) -> Iterator[tuple[list[Any], list[Any]]]:
    """Training and validation volumes, in which paths are replaced by files that ITK reads correctly."""
    volumes = [*images, *options.validation]
    places = [number for number, volume in enumerate(volumes) if _is_path(volume)]
    axis = parse(options.settings).slice_axis
    with files_for_itk(
        [Path(volumes[number]) for number in places], DEFAULT_READING, axis, warn=warnings.warn
    ) as files:
        for number, file in zip(places, files, strict=True):
            volumes[number] = file
        yield volumes[: len(images)], volumes[len(images) :]


@contextmanager
def process_group(timeout: float = 1800.0) -> Iterator[tuple[str, int]]:
    """The process group that ``torchrun`` has started, as the name of a ``torch.distributed`` group and this rank.

    Without ``torchrun`` the name is empty and the rank is 0.

    Parameters
    ----------
    timeout
        Time in s after which a process that waits for another one ends with an error. Default 30 minutes.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield "", 0
        return
    from torch import distributed

    distributed.init_process_group("gloo", timeout=timedelta(seconds=timeout))
    try:
        yield distributed.group.WORLD.group_name, distributed.get_rank()
    finally:
        distributed.destroy_process_group()


def split_by_subject(subjects: Sequence[str], share: float, seed: int = 0) -> tuple[list[int], list[int]]:
    """Numbers of the training volumes and of the validation volumes. All volumes of a subject are on the same side.

    Parameters
    ----------
    subjects
        The subject of each volume.
    share
        Share of the subjects for validation, between 0 and 1. It is rounded so that both sides have a subject.
    seed
        Seed of the random choice.

    Raises
    ------
    LatentSRError
        If there is only one subject.
    """
    names = sorted(set(subjects))
    if len(names) < 2:
        raise LatentSRError(f"there is only one subject, '{names[0]}': it can't be trained and validated on")
    count = min(max(1, round(share * len(names))), len(names) - 1)
    chosen = set(random.Random(seed).sample(names, count))
    numbers = range(len(subjects))
    return [i for i in numbers if subjects[i] not in chosen], [i for i in numbers if subjects[i] in chosen]


def sign(model: Any, iterations: int, command: str = "") -> None:
    """Write when and how a model was made into its provenance. File names are left out: they may name patients.

    A model that was trained further is another one than the named model that it started from, whose data stay named.
    """
    found = versions()
    training = json.loads(model.GetProvenance("training"))
    name, data = model.GetProvenance("name"), model.GetProvenance("data")
    if training.get("fine_tuned") and name:
        model.SetProvenance("started_from", name)
        model.SetProvenance("name", "")
        if data:
            model.SetProvenance("data", f"The volumes of this training. Before, of {name}: {data}")
    model.SetProvenance("date", datetime.now(UTC).strftime("%Y-%m-%d"))
    model.SetProvenance("software", f"latent-sr {found['latent_sr']}, torch {found['torch']}")
    model.SetProvenance("volumes", str(training["volumes"]))
    model.SetProvenance("iterations", str(iterations))
    if command:
        model.SetProvenance("command", command)
