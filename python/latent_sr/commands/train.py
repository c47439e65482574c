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
"""``latent-sr train``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latent_sr.commands.console import check_model_file, notify, quiet_itk, say, warn
from latent_sr.commands.options import (
    PROGRAM,
    add_command,
    add_messages,
    add_overwrite,
    add_precision,
    add_reading,
    add_threads,
    choice,
    entry,
    positive_number,
    read_options,
    seed,
    share_or_zero,
    whole_number,
)
from latent_sr.enumerations import training_precision
from latent_sr.errors import LatentSRError, UsageError
from latent_sr.itk_loading import load_all_image_ios

TRAINING_MINUTES = 30
VALIDATION_SHARE = 0.2
FEWEST_SUBJECTS = 2
"""With fewer subjects, none is held out by default."""


_CALIBRATED = 12
"""Most volumes on which the expected error is calibrated."""


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "train",
        help="train a model on your own anisotropic volumes",
        description="Train a model on the in-plane slices of anisotropic volumes. No high-resolution data is needed. "
        "Volumes are read when they are needed, so a cohort may be larger than memory.",
        epilog="""examples:
  latent-sr train cohort/ --output mine.safetensors --subject '(patient[0-9]+)'
  latent-sr train cohort/ --output mine.safetensors --minutes 120 --from-scratch
  latent-sr train a.nii.gz b.nii.gz --output tuned.safetensors --iterations 500 --validation c.nii.gz
  latent-sr train cohort/ --output mine.safetensors --checkpoint state.safetensors --resume
  latent-sr train cohort/ --output paper.safetensors --preset paper
  torchrun --nproc-per-node 2 --module latent_sr train cohort/ --output mine.safetensors

By default, training starts from the bundled model and takes 30 minutes. A fifth of the subjects, at least one, is held
out for validation, if there are two or more. Every 100 iterations, the model synthesizes slices of these subjects and
is scored on them; the model with the best score is kept. At the end it is compared with the bundled model on these
subjects, and the better one is written. The last lines say which, and what was gained. The preset paper takes a
million iterations.

Two files are written beside mine.safetensors: mine.training.csv holds the losses and scores of all iterations, and
mine.training.png shows their curves. Ctrl-C stops the training without writing a model. With --checkpoint, the same
command with --resume continues it. Under torchrun, all processes train one model.""",
    )
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="NIfTI, NRRD, MetaImage, a DICOM folder, or a folder of volumes"
    )
    parser.add_argument("--output", required=True, metavar="MODEL", help="model file to write: .safetensors")
    _add_recipe(parser)
    _add_validation(parser)
    _add_files(parser)
    add_reading(parser)
    add_precision(parser, automatic=True)
    add_threads(parser)
    add_overwrite(parser)
    add_messages(parser)
    parser.set_defaults(run=run)


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    """Add the options of the recipe, its length and its start."""
    parser.add_argument(
        "--preset",
        **choice(("default", "paper")),
        default="default",
        help="paper: network and training of arXiv:2010.13172 (default: default)",
    )
    parser.add_argument(
        "--network",
        **choice(("multi-scale", "paper")),
        help="network to train with the preset's recipe (default: the preset's network)",
    )
    parser.add_argument(
        "--set",
        action="append",
        type=entry,
        default=[],
        metavar="NAME=VALUE",
        help="another parameter of AutoencoderTrainer or AutoencoderModel, such as learning-rate=3e-4, "
        "synthesis-weight=0 or latent-levels=2,3; may be repeated",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--iterations", type=whole_number(1), metavar="N", help="number of iterations")
    length.add_argument(
        "--minutes",
        type=positive_number,
        metavar="M",
        help=f"training time, instead of a number of iterations (default: {TRAINING_MINUTES}; with --preset paper, "
        "no limit)",
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="S", help="seed of the random numbers (default: 0)")
    start = parser.add_mutually_exclusive_group()
    start.add_argument(
        "--fine-tune",
        nargs="?",
        const="",
        metavar="MODEL",
        help="start from a model file; without MODEL, from the bundled model (default: from the bundled model, unless "
        "--preset, --network or --set choose another network)",
    )
    start.add_argument("--from-scratch", action="store_true", help="start from random weights")


def _add_validation(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subjects that are held out, and of what is decided on them."""
    parser.add_argument(
        "--validation",
        nargs="+",
        default=[],
        metavar="INPUT",
        help="volumes of other subjects; the best model is chosen on them and compared with the bundled one",
    )
    parser.add_argument(
        "--validation-share",
        type=share_or_zero,
        metavar="F",
        help="share of the subjects to hold out for validation, instead of --validation; 0: train on all subjects "
        f"(default: {VALIDATION_SHARE}, at least one, if there are two subjects or more)",
    )
    parser.add_argument(
        "--keep",
        **choice(("better", "trained")),
        help="which model to write if the bundled one is better on the validation volumes (default: better; trained "
        "if --preset, --network, --set or --fine-tune choose another network)",
    )
    parser.add_argument(
        "--subject",
        metavar="REGEX",
        help="regular expression whose first group, matched in the path, is the name of the subject (default: each "
        "file is a subject)",
    )
    parser.add_argument(
        "--early-stopping",
        type=whole_number(1),
        metavar="N",
        help="stop the training after N validations without improvement (default: never)",
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
    """Add the options of the checkpoint, of memory and of what is written."""
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="save the state of the training in a .safetensors file, to resume it"
    )
    parser.add_argument(
        "--checkpoint-every",
        type=whole_number(1),
        metavar="N",
        help="iterations between checkpoints (default: 500, and at least one checkpoint every 10 minutes)",
    )
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint, if it exists")
    parser.add_argument(
        "--cache", type=whole_number(1), metavar="MIB", help="memory for volumes in MiB (default: 4096)"
    )
    parser.add_argument("--tensorboard", metavar="FOLDER", help="also write event files for TensorBoard")
    parser.add_argument(
        "--half-precision", action="store_true", help="store the weights as 16-bit numbers: half the size of the file"
    )
    parser.add_argument(
        "--provenance",
        action="append",
        type=entry,
        default=[],
        metavar="NAME=TEXT",
        help="provenance entry of the model file, such as license=...; may be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    start = _start_of_training(arguments)
    output, table, picture = _outputs(arguments, start)
    paths, validation, validation_subjects = _training_paths(arguments)
    check_model_file(start or None)
    quiet_itk()
    load_all_image_ios()  # the trainer reads the files itself

    from latent_sr.errors import translated
    from latent_sr.models import load_model
    from latent_sr.recipe import parse
    from latent_sr.training import make_trainer, process_group, run_trainer, sign
    from latent_sr.training_log import TrainingLog
    from latent_sr.volumes import replacing
    from latent_sr.volumes.convert import files_for_itk

    initial = None if start is None else load_model(start or None)
    minutes = _minutes(arguments)
    axis = parse(dict(arguments.set)).slice_axis
    with (
        files_for_itk([*paths, *validation], read_options(arguments), axis, notify("converting"), warn) as files,
        translated(),
        process_group() as (group, rank),
    ):
        trainer = make_trainer(
            files[: len(paths)],
            _options(arguments, minutes),
            initial_model=initial,
            validation=files[len(paths) :],
            process_group=group,
        )
        if rank > 0:
            # Only the first process prints and writes files.
            run_trainer(trainer)
            return 0
        log = TrainingLog(table, picture, Path(arguments.tensorboard) if arguments.tensorboard else None)
        model = _train(trainer, log, minutes)
        _calibrate(model, files[len(paths) :] or files[: len(paths)], axis)
    sign(model, iterations=int(trainer.GetCurrentIteration()), command=_training_command(arguments, minutes, start))
    for name, text in arguments.provenance:
        model.SetProvenance(name, text)
    with translated(), replacing(output) as temporary:
        model.Write(str(temporary), arguments.half_precision)
        verdict = _keep_the_better(arguments, temporary, validation, validation_subjects)
    say(
        f"{output}: {model.GetNumberOfParameters()} parameters, trained on {len(paths)} files; "
        f"{' '.join(trainer.GetStopConditionDescription().split())}"
    )
    if validation:
        say(_validation_summary(trainer))
    for line in verdict:
        say(line)
    return 0


def _calibrate(model: Any, files: Sequence[Any], axis: int | None) -> None:
    """Calibrate the expected error on validation volumes, or without these on training volumes."""
    from latent_sr.calibration import calibrate_errors
    from latent_sr.volumes import read_volume

    step = max(1, len(files) // _CALIBRATED)
    try:
        calibrate_errors((read_volume(str(file)) for file in files[::step][:_CALIBRATED]), model, axis=axis)
    except LatentSRError as error:
        warn(f"the expected error is not calibrated, so the model can't be used with --uncertainty: {error}")


def _outputs(arguments: argparse.Namespace, start: str | None) -> tuple[Path, Path, Path]:
    """Check all options. Return the names of the output files: model, table and picture."""
    from latent_sr.models import MODEL_EXTENSIONS
    from latent_sr.volumes import check_output, extension_of

    if start and not extension_of(Path(start), MODEL_EXTENSIONS):
        raise UsageError(
            f"--fine-tune is '{start}', but has to be a .safetensors file, or nothing for the bundled model (then put "
            "INPUT before it)"
        )
    output = check_output(arguments.output, MODEL_EXTENSIONS, arguments.overwrite, [start] if start else ())
    _check_training(arguments, output)
    # A resumed training may replace the files that it wrote before.
    table, picture = (
        check_output(
            output.with_name(f"{output.stem}.training{extension}"),
            (extension,),
            arguments.overwrite or arguments.resume,
        )
        for extension in (".csv", ".png")
    )
    return output, table, picture


def _minutes(arguments: argparse.Namespace) -> float | None:
    """The training time; None if the length is a number of iterations."""
    if arguments.minutes is None and arguments.iterations is None and arguments.preset == "default":
        return float(TRAINING_MINUTES)
    return arguments.minutes


def _options(arguments: argparse.Namespace, minutes: float | None) -> Any:
    from latent_sr.training import TrainingOptions

    return TrainingOptions(
        preset=arguments.preset,
        network=arguments.network,
        settings=dict(arguments.set),
        iterations=arguments.iterations,
        minutes=minutes,
        seed=arguments.seed,
        early_stopping=arguments.early_stopping,
        checkpoint=arguments.checkpoint,
        checkpoint_every=arguments.checkpoint_every,
        resume=arguments.resume,
        cache=arguments.cache,
        precision=training_precision(arguments.precision),
        threads=arguments.threads,
    )


def _train(trainer: Any, log: Any, minutes: float | None) -> Any:
    """Train with progress and a log, and return the model."""
    from latent_sr.progress import TrainingProgress
    from latent_sr.training import TrainingState, run_trainer

    seconds = None if minutes is None else 60 * minutes
    try:
        with TrainingProgress(int(trainer.GetNumberOfIterations()), seconds) as progress:

            def observe(state: TrainingState) -> None:
                progress.update(state)
                log.update(state, int(trainer.GetResumedIteration()))

            return run_trainer(trainer, observe)
    finally:
        log.close()


def _asks_for_a_network(arguments: argparse.Namespace) -> bool:
    """Whether options choose a network, which may differ from that of the bundled model."""
    from latent_sr.recipe import parse

    asked = arguments.preset != "default" or arguments.network is not None
    return asked or bool(parse(dict(arguments.set)).network)


def _start_of_training(arguments: argparse.Namespace) -> str | None:
    """The model file that the training starts from; empty: the bundled model, None: random weights."""
    if arguments.fine_tune is not None or arguments.from_scratch or _asks_for_a_network(arguments):
        return arguments.fine_tune
    return ""


def _keep_the_better(
    arguments: argparse.Namespace, trained: Path, validation: list[Path], subjects: list[str]
) -> list[str]:
    """Compare the trained model with the bundled one, and write the better one to the file. Return the messages."""
    if not validation:
        return []

    from latent_sr.models import load_model
    from latent_sr.selection import compare_with_bundled

    comparison = compare_with_bundled(
        trained,
        validation,
        subjects,
        threads=arguments.threads,
        reading=read_options(arguments),
        notify=notify("comparing with the bundled model:"),
    )
    if comparison is None:
        return ["not compared with the bundled model: no validation volume has 3 slices along a clear slice axis"]
    lines = [comparison.describe(), comparison.describe_gain()]
    if comparison.trained_is_better:
        return [*lines, "the trained model is better there than the bundled one, and was written"]
    other = bool(arguments.fine_tune) or _asks_for_a_network(arguments)
    if (arguments.keep or ("trained" if other else "better")) == "trained":
        return [*lines, "THE BUNDLED MODEL IS BETTER there; the trained one was written all the same"]
    bundled = load_model()
    bundled.SetProvenance("kept", f"the bundled model: better than one trained for it; {lines[0]}")
    bundled.Write(str(trained), arguments.half_precision)
    return [*lines, "THE BUNDLED MODEL IS BETTER there: it was written instead of the trained one (--keep trained)"]


def _check_training(arguments: argparse.Namespace, output: Path) -> None:
    """Check options that exclude each other, before any file is read."""
    from latent_sr.evaluation.subjects import compile_subject
    from latent_sr.models import MODEL_EXTENSIONS
    from latent_sr.recipe import parse
    from latent_sr.volumes import check_output

    parse(dict(arguments.set))
    if arguments.network is not None and arguments.fine_tune is not None:
        raise UsageError("--network has no effect with --fine-tune: the model file contains the network")
    if arguments.validation and arguments.validation_share is not None:
        raise UsageError("--validation and --validation-share exclude each other: set one of them")
    compile_subject(arguments.subject)
    if arguments.validation_share == 0:
        for option in ("early_stopping", "subject", "keep"):
            if getattr(arguments, option) is not None:
                name = option.replace("_", "-")
                raise UsageError(f"--{name} has no effect with --validation-share 0: there is no validation")
    if arguments.resume and not arguments.checkpoint:
        raise UsageError("--resume needs a checkpoint: name it with --checkpoint")
    if arguments.checkpoint_every is not None and not arguments.checkpoint:
        raise UsageError("--checkpoint-every has no effect without --checkpoint")
    if arguments.checkpoint:
        check_output(arguments.checkpoint, MODEL_EXTENSIONS, arguments.overwrite or arguments.resume, [output])


def _training_paths(arguments: argparse.Namespace) -> tuple[list[Path], list[Path], list[str]]:
    """The training volumes, the validation volumes, and the subject of each validation volume."""
    from latent_sr.evaluation.subjects import compile_subject, subjects_of
    from latent_sr.training import split_by_subject
    from latent_sr.volumes import expand_inputs

    paths = expand_inputs(arguments.inputs)
    if arguments.validation:
        validation = expand_inputs(arguments.validation)
        both = sorted({path.resolve() for path in paths} & {path.resolve() for path in validation})
        if both:
            raise UsageError(f"'{both[0]}' is both a training volume and a validation volume")
        return paths, validation, subjects_of(validation, compile_subject(arguments.subject))
    share = arguments.validation_share
    if share == 0:
        return paths, [], []
    subjects = subjects_of(paths, compile_subject(arguments.subject))
    if share is None:
        if len(set(subjects)) < FEWEST_SUBJECTS:
            if arguments.early_stopping is not None:
                raise UsageError(
                    "--early-stopping needs validation volumes: with 1 subject, none is held out; set --validation"
                )
            return paths, [], []
        share = VALIDATION_SHARE
    training, held_out = split_by_subject(subjects, share, arguments.seed)
    return [paths[i] for i in training], [paths[i] for i in held_out], [subjects[i] for i in held_out]


def _validation_summary(trainer: Any) -> str:
    return (
        f"best on validation slices after iteration {trainer.GetBestIteration()}; last: PSNR "
        f"{trainer.GetValidationPSNR():.2f} dB (linear {trainer.GetLinearValidationPSNR():.2f}, B-spline "
        f"{trainer.GetBSplineValidationPSNR():.2f}), SSIM {trainer.GetValidationSSIM():.3f} "
        f"({trainer.GetLinearValidationSSIM():.3f}, {trainer.GetBSplineValidationSSIM():.3f})"
    )


def _training_command(arguments: argparse.Namespace, minutes: float | None, start: str | None) -> str:
    """The command line without file names, which may contain names of patients."""
    words = [PROGRAM, "train", "--preset", arguments.preset]
    if arguments.network is not None:
        words += ["--network", arguments.network]
    for name, value in arguments.set:
        words += ["--set", f"{name}={value}"]
    if arguments.iterations is not None:
        words += ["--iterations", str(arguments.iterations)]
    if minutes is not None:
        words += ["--minutes", f"{minutes:g}"]
    words += ["--seed", str(arguments.seed), "--precision", training_precision(arguments.precision)]
    if arguments.validation_share is not None:
        words += ["--validation-share", f"{arguments.validation_share:g}"]
    elif arguments.validation:
        words.append("--validation")
    if arguments.early_stopping is not None:
        words += ["--early-stopping", str(arguments.early_stopping)]
    words.append("--from-scratch" if start is None else "--fine-tune")
    return " ".join(words)
