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
"""The command line ``latent-sr``.

Exit codes: 0, 1 (failed: a file, a volume, a model), 2 (wrong use: the command line itself), 130 (Ctrl-C). Errors are
one line on stderr. Nothing but the standard library is imported before a command runs, so that ``--help`` answers at
once.
"""

import argparse
import json
import math
import os
import re
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

from latent_sr.errors import LatentSRError, UsageError, one_line
from latent_sr.toolkit import DEFAULT_MODE, DEFAULT_PRECISION, MODES, PRECISIONS

PROGRAM = "latent-sr"

TRAINING_MINUTES = 30
VALIDATION_SHARE = 0.2
FEWEST_SUBJECTS = 5
"""Of ``train``: with fewer, none is held out unless asked for."""

_SLICE_AXIS = re.compile(r"Set SliceAxis to")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{PROGRAM}: error: {' '.join(message.split())} (see {self.prog} --help)\n")


def _whole(least: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least {least}")
        return value

    return convert


def _finite(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a finite number")
    return value


def _positive(text: str) -> float:
    value = _finite(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return value


def _share(text: str) -> float:
    value = _positive(text)
    if value >= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and 1")
    return value


def _share_or_zero(text: str) -> float:
    return 0.0 if _finite(text) == 0 else _share(text)


def _not_negative(text: str) -> float:
    value = _finite(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is negative")
    return value


def _seed(text: str) -> int:
    value = _whole(0)(text)
    if value >= 2**32:
        raise argparse.ArgumentTypeError(f"'{text}' is not below 2^32")
    return value


def _entry(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form NAME=TEXT")
    return name, value


def _one_of(*names: str) -> Callable[[str], str]:
    """One of a few words: argparse's own refusal differs between versions of Python."""

    def convert(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"'{text}' is not one of {', '.join(names)}")
        return text

    return convert


def _choice(names: Iterable[str]) -> dict[str, Any]:
    """What ``add_argument`` needs for one of a few words."""
    names = tuple(names)
    return {"type": _one_of(*names), "metavar": f"{{{','.join(names)}}}"}


def _axis(text: str) -> int | None:
    if text not in ("auto", "0", "1", "2"):
        raise argparse.ArgumentTypeError(f"'{text}' is not one of auto, 0, 1, 2")
    return None if text == "auto" else int(text)


def _phase(text: str) -> int | None:
    return None if text == "all" else _whole(0)(text)


def _told(error: BaseException) -> str:
    """The message of an error in the words of the command line: the names of its options instead of C++ setters."""
    return _SLICE_AXIS.sub("Set --axis to", one_line(error))


def _warn(message: str) -> None:
    print(f"{PROGRAM}: warning: {message}", file=sys.stderr)


def _quiet_itk() -> None:
    """ITK's own warnings are several lines of source files and addresses."""
    import itk

    itk.Object.GlobalWarningDisplayOff()


def _command(commands: Any, name: str, help: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """The parser of a command; the lines of the epilog are kept as they are."""
    return commands.add_parser(
        name,
        help=help,
        description=textwrap.fill(description, 100),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


# upsample -------------------------------------------------------------------------------------------------------------


def _add_upsample(commands: Any) -> None:
    parser = _command(
        commands,
        "upsample",
        help="turn a stack of thick slices into one of thin slices",
        description="Turn a stack of thick slices into one of thin slices. n slices become (n - 1) N + 1 at 1/N of the "
        "spacing; every N-th one lies exactly where an acquired slice does. If IN is a folder of volumes, each of them "
        "is turned into one in the folder OUT.",
        epilog="""examples:
  latent-sr upsample thick.nii.gz thin.nii.gz --factor 5
  latent-sr upsample dicom-folder thin.nrrd --spacing 1.5 --mode residual-corrected
  latent-sr upsample dicom-folder thin-folder --factor 4 --output-format dicom
  latent-sr upsample cine-folder systole.nii.gz --series 12 --phase 9
  latent-sr upsample thick.mha thin.mha --factor 4 --model mine.safetensors --threads 4
  latent-sr upsample ct.nrrd thin.nrrd --factor 3 --window -200 400
  latent-sr upsample cohort/ thin/ --factor 5 --jobs 4
  latent-sr upsample /data/cohort /data/thin --factor 5 --scheduler tcp://head:8786

The volumes of a folder and of its subfolders keep their relative names; a DICOM folder becomes a file with .nii.gz. One
that fails does not stop the others.

The output has the pixel type of the input; of int8, int16, and of int64, float64. Modes: auto is profile-corrected for
slices that are at least 0.8 times as thick as they are apart (--slice-thickness), if that is at most 7 mm, and
low-pass-corrected for others, and where the thickness is not known. low-pass-corrected takes every slice from the
network, and brightness on the large scale and a share of the detail from the acquired slices; profile-corrected
interpolates with six slices, sharpens against the blur by thick slices, and lets the network bend the result; decoded
takes all from the network; preserve-acquired keeps acquired slices bit for bit, which stand out where the network
removes noise; residual-corrected keeps them, too, and carries their noise along.""",
    )
    parser.add_argument(
        "input",
        metavar="IN",
        help="NIfTI, NRRD, MetaImage, or DICOM (a folder, searched with its subfolders); 3D or 4D; or a folder of such",
    )
    parser.add_argument(
        "output",
        metavar="OUT",
        help="file to write: .nii, .nii.gz, .nrrd or .mha; or a folder, if IN is one of volumes or --output-format "
        "is dicom",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--factor", type=_whole(1), metavar="N", help="how many times as many slice distances (default: 2)"
    )
    size.add_argument("--spacing", type=_positive, metavar="MM", help="slice spacing of the output instead, in mm")
    parser.add_argument("--model", metavar="M", help="model file (default: the bundled model)")
    parser.add_argument(
        "--mode",
        **_choice(MODES) | {"metavar": "MODE"},
        default=DEFAULT_MODE,
        help=f"what slices are made of: {', '.join(MODES)} (default: {DEFAULT_MODE})",
    )
    parser.add_argument(
        "--window",
        type=_finite,
        nargs=2,
        metavar=("MIN", "MAX"),
        help="intensities that the network sees as 0 and 1 (default: the model's percentiles of the volume)",
    )
    parser.add_argument(
        "--residual-gain",
        type=_not_negative,
        metavar="G",
        help="share of the network in the modes residual-corrected and profile-corrected; 0 is interpolation alone "
        "(default: the model's)",
    )
    parser.add_argument(
        "--slice-thickness",
        type=_not_negative,
        metavar="MM",
        help="thickness of the slices in mm; 0: not known (default: what DICOM files say, for others not known)",
    )
    parser.add_argument(
        "--output-format",
        **_choice(("file", "dicom")),
        default="file",
        help="dicom: OUT is a folder for a derived DICOM series, whose patient and study are those of IN (default: "
        "file)",
    )
    _add_reading(parser)
    _add_axis(parser)
    _add_precision(parser)
    _add_orientations(parser)
    _add_device(parser)
    _add_threads(parser)
    _add_jobs(parser)
    _add_overwrite(parser)
    parser.set_defaults(run=_upsample)


def _upsample(arguments: argparse.Namespace) -> int:
    from latent_sr.parallel import check_parallel
    from latent_sr.volumes import OUTPUT_EXTENSIONS, check_output

    source, output = Path(arguments.input), Path(arguments.output)
    as_dicom = arguments.output_format == "dicom"
    check_parallel(arguments.jobs or 1, arguments.scheduler)
    if source.is_dir() and not as_dicom:
        from latent_sr.batch import means_folder

        if means_folder(source, output):
            return _upsample_folder(arguments)
    if as_dicom:
        from latent_sr.volumes.dicom.write import check_series_output

        check_series_output(output, source, arguments.overwrite)
    else:
        check_output(output, OUTPUT_EXTENSIONS, arguments.overwrite, [source])
    if not source.exists():
        raise LatentSRError(f"'{source}' does not exist")
    if (arguments.jobs or 1) > 1 or arguments.scheduler is not None:
        option = "--scheduler" if arguments.jobs is None else "--jobs"
        raise UsageError(f"{option} has no effect, because '{output}' is one volume: IN and OUT have to be folders")
    _check_model(arguments.model)
    _quiet_itk()

    from latent_sr.batch import prepare, write_result
    from latent_sr.progress import LateProgress, Progress
    from latent_sr.upsampling import update_filter

    task = _upsample_task(arguments, source, output, output, arguments.threads)
    with LateProgress("reading", "files") as reading:
        prepared = prepare(task, _warn, reading.update)
    slices = prepared.slices
    try:
        with Progress(slices, "upsampling", "slices") as progress:
            result = update_filter(prepared.upsampler, lambda share: progress.update(share * slices))
    except LatentSRError as error:
        raise LatentSRError(f"'{source}': {error}") from error
    with LateProgress("writing", "files") as writing:
        outcome = write_result(task, prepared.volume, result, arguments.overwrite, writing.update)
    for warning in outcome.warnings:
        _warn(warning)
    print(outcome.text)
    return 0


def _upsample_task(
    arguments: argparse.Namespace, source: Path, written: Path, target: Path, threads: int | None
) -> Any:
    """The task of a volume, which is written somewhere, and may get another name later."""
    from latent_sr.batch import UpsampleTask

    def seen_by_worker(path: Path | str) -> str:
        return str(path if arguments.scheduler is None else Path(path).absolute())

    return UpsampleTask(
        source=seen_by_worker(source),
        output=str(written),
        label=str(source),
        target=str(target),
        factor=arguments.factor,
        spacing=arguments.spacing,
        model=None if arguments.model is None else seen_by_worker(arguments.model),
        mode=arguments.mode,
        axis=arguments.axis,
        precision=arguments.precision,
        device=arguments.device,
        window=None if arguments.window is None else tuple(arguments.window),
        residual_gain=arguments.residual_gain,
        slice_thickness=arguments.slice_thickness,
        orientations=arguments.orientations,
        threads=threads,
        reading=_reading(arguments),
        as_dicom=arguments.output_format == "dicom",
    )


def _upsample_folder(arguments: argparse.Namespace) -> int:
    """Turn each volume of a folder into one of another folder; 1 if any fails."""
    from latent_sr.batch import in_staging, plan_outputs, staging_folder, upsample_all

    output = Path(arguments.output)
    planned = plan_outputs(Path(arguments.input), output, arguments.overwrite)
    _check_model(arguments.model)
    _quiet_itk()

    from latent_sr.models import load_model
    from latent_sr.parallel import default_jobs, threads_per_job
    from latent_sr.progress import Progress
    from latent_sr.upsampling import check_upsampling

    # What is wrong with every volume is said once.
    load_model(arguments.model)
    check_upsampling(
        arguments.factor,
        arguments.spacing,
        arguments.mode,
        arguments.window,
        arguments.residual_gain,
        arguments.slice_thickness or 0.0,
    )
    jobs = min(arguments.jobs or default_jobs(len(planned), arguments.scheduler), len(planned))
    threads = threads_per_job(arguments.threads, jobs)
    failed = 0
    ended: dict[int, Any] = {}
    with staging_folder(output) as staging, Progress(len(planned), "upsampling", "volumes") as progress:
        tasks = [
            _upsample_task(arguments, source, in_staging(staging, number, target), target, threads)
            for number, (source, target) in enumerate(planned)
        ]
        with closing(upsample_all(tasks, jobs=jobs, scheduler=arguments.scheduler)) as outcomes:
            for done, (position, outcome) in enumerate(outcomes, 1):
                ended[position] = outcome
                progress.update(done, Path(tasks[position].label).name)
    for _, outcome in sorted(ended.items()):
        if isinstance(outcome, LatentSRError):
            failed += 1
            print(f"{PROGRAM}: error: {_told(outcome)}", file=sys.stderr)
            continue
        for warning in outcome.warnings:
            _warn(warning)
        print(outcome.text)
    return 1 if failed else 0


# train ----------------------------------------------------------------------------------------------------------------


def _add_train(commands: Any) -> None:
    parser = _command(
        commands,
        "train",
        help="train a model on your own anisotropic volumes",
        description="Train a model on the in-plane slices of anisotropic volumes. No high-resolution data is needed. "
        "Volumes are read when they are needed: a cohort may be larger than memory.",
        epilog="""examples:
  latent-sr train cohort/ --output mine.safetensors --subject '(patient[0-9]+)'
  latent-sr train cohort/ --output mine.safetensors --minutes 120 --from-scratch
  latent-sr train a.nii.gz b.nii.gz --output tuned.safetensors --iterations 500 --validation c.nii.gz
  latent-sr train cohort/ --output mine.safetensors --checkpoint state.safetensors --resume
  latent-sr train cohort/ --output paper.safetensors --preset paper
  torchrun --nproc-per-node 2 --module latent_sr train cohort/ --output mine.safetensors

By default a training starts from the bundled model and takes 30 minutes; a fifth of the subjects (of at least 5) is not
trained on. Every 100 iterations the model is measured on slices of them that it synthesizes, and the best one is
taken. In the end it is compared with the bundled model on these subjects, and the better one of the two is written;
the last line says which. The preset paper takes a million iterations.

Beside mine.safetensors, mine.training.csv holds the losses and scores of all iterations, and mine.training.png their
curves. Ctrl-C ends a training without a model; with --checkpoint, the same command with --resume goes on from there.
Under torchrun all processes train one model.""",
    )
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="NIfTI, NRRD, MetaImage, a DICOM folder, or a folder of such"
    )
    parser.add_argument("--output", required=True, metavar="MODEL", help="model file to write: .safetensors")
    parser.add_argument(
        "--preset",
        **_choice(("default", "paper")),
        default="default",
        help="paper: network and training of arXiv:2010.13172 (default: default)",
    )
    parser.add_argument(
        "--network",
        **_choice(("multi-scale", "paper")),
        help="train this network by the preset's recipe (default: that of the preset)",
    )
    parser.add_argument(
        "--set",
        action="append",
        type=_entry,
        default=[],
        metavar="NAME=VALUE",
        help="another parameter of the training or the network, such as learning-rate=3e-4, synthesis-weight=0 or "
        "latent-levels=2,3; may be repeated. All that AutoencoderTrainer and AutoencoderModel can be set to",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--iterations", type=_whole(1), metavar="N", help="length of the training")
    length.add_argument(
        "--minutes",
        type=_positive,
        metavar="M",
        help=f"length of the training as a time (default: {TRAINING_MINUTES}, with --preset paper none)",
    )
    parser.add_argument("--seed", type=_seed, default=0, metavar="S", help="seed of everything random (default: 0)")
    start = parser.add_mutually_exclusive_group()
    start.add_argument(
        "--fine-tune",
        nargs="?",
        const="",
        metavar="MODEL",
        help="start from a model file, or without one from the bundled model (default: from the bundled model, unless "
        "--preset, --network or --set ask for another network)",
    )
    start.add_argument("--from-scratch", action="store_true", help="start from random weights")
    parser.add_argument(
        "--validation",
        nargs="+",
        default=[],
        metavar="INPUT",
        help="volumes of other subjects, on which the best model is chosen and compared with the bundled one",
    )
    parser.add_argument(
        "--validation-share",
        type=_share_or_zero,
        metavar="F",
        help="choose it on this share of the subjects among the volumes instead, which are not trained on then; 0: "
        f"train on all of them (default: {VALIDATION_SHARE}, if there are at least {FEWEST_SUBJECTS} subjects)",
    )
    parser.add_argument(
        "--keep",
        **_choice(("better", "trained")),
        help="what to write if the bundled model is better on the validation volumes (default: better, but trained "
        "where --preset, --network, --set or --fine-tune ask for another network)",
    )
    parser.add_argument(
        "--subject",
        metavar="REGEX",
        help="its first group on the path names the subject (default: each file is a subject)",
    )
    parser.add_argument(
        "--early-stopping",
        type=_whole(1),
        metavar="N",
        help="end the training after N validations without a better one (default: never)",
    )
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="keep the state of the training in a .safetensors file, to resume it"
    )
    parser.add_argument(
        "--checkpoint-every",
        type=_whole(1),
        metavar="N",
        help="iterations from one checkpoint to the next (default: 500, and at least one in 10 minutes)",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, if it exists")
    parser.add_argument("--cache", type=_whole(1), metavar="MIB", help="memory for volumes in MiB (default: 4096)")
    parser.add_argument("--tensorboard", metavar="FOLDER", help="write event files for TensorBoard, too")
    parser.add_argument(
        "--half-precision", action="store_true", help="store the weights as 16-bit numbers: half the size of the file"
    )
    parser.add_argument(
        "--provenance",
        action="append",
        type=_entry,
        default=[],
        metavar="NAME=TEXT",
        help="an entry of the model file that says where it comes from, such as license=...; may be repeated",
    )
    _add_reading(parser)
    _add_precision(parser)
    _add_threads(parser)
    _add_overwrite(parser)
    parser.set_defaults(run=_train)


def _train(arguments: argparse.Namespace) -> int:
    from latent_sr.models import MODEL_EXTENSIONS
    from latent_sr.volumes import check_output, extension_of

    start = _start_of_training(arguments)
    if start and not extension_of(Path(start), MODEL_EXTENSIONS):
        raise UsageError(
            f"--fine-tune is '{start}', but has to be a .safetensors file, or nothing for the bundled model (then put "
            "INPUT before it)"
        )
    output = check_output(arguments.output, MODEL_EXTENSIONS, arguments.overwrite, [start] if start else ())
    _check_training(arguments, output)
    # What a resumed training has written before is its own.
    table, picture = (output.with_name(f"{output.stem}.training{extension}") for extension in (".csv", ".png"))
    for name, extension in ((table, ".csv"), (picture, ".png")):
        check_output(name, (extension,), arguments.overwrite or arguments.resume)
    paths, validation, validation_subjects = _training_paths(arguments)
    _check_model(start or None)
    _quiet_itk()

    from latent_sr.models import load_model
    from latent_sr.progress import TrainingProgress
    from latent_sr.recipe import parse
    from latent_sr.toolkit import translated
    from latent_sr.training import TrainingState, make_trainer, process_group, run_trainer, sign
    from latent_sr.training_log import TrainingLog
    from latent_sr.volumes import replacing
    from latent_sr.volumes.convert import files_for_itk

    initial = None if start is None else load_model(start or None)
    minutes = arguments.minutes
    if minutes is None and arguments.iterations is None and arguments.preset == "default":
        minutes = float(TRAINING_MINUTES)
    seconds = None if minutes is None else 60 * minutes
    axis = parse(dict(arguments.set))[0].get("SliceAxis")
    with (
        files_for_itk([*paths, *validation], _reading(arguments), axis, _notify("converting")) as files,
        translated(),
        process_group() as (group, rank),
    ):
        trainer = make_trainer(
            files[: len(paths)],
            preset=arguments.preset,
            network=arguments.network,
            settings=dict(arguments.set),
            iterations=arguments.iterations,
            minutes=minutes,
            seed=arguments.seed,
            initial_model=initial,
            validation=files[len(paths) :],
            early_stopping=arguments.early_stopping,
            checkpoint=arguments.checkpoint,
            checkpoint_every=arguments.checkpoint_every,
            resume=arguments.resume,
            cache=arguments.cache,
            precision=arguments.precision,
            threads=arguments.threads,
            process_group=group,
        )
        if rank > 0:
            # The first process speaks and writes for all of them.
            run_trainer(trainer)
            return 0
        log = TrainingLog(table, picture, Path(arguments.tensorboard) if arguments.tensorboard else None)
        try:
            with TrainingProgress(int(trainer.GetNumberOfIterations()), seconds) as progress:

                def observe(state: TrainingState) -> None:
                    progress.update(state)
                    log.update(state, int(trainer.GetResumedIteration()))

                model = run_trainer(trainer, observe)
        finally:
            log.close()
    sign(model, iterations=int(trainer.GetCurrentIteration()), command=_training_command(arguments, minutes, start))
    for name, text in arguments.provenance:
        model.SetProvenance(name, text)
    with translated(), replacing(output) as temporary:
        model.Write(str(temporary), arguments.half_precision)
        verdict = _keep_the_better(arguments, temporary, validation, validation_subjects)
    print(
        f"{output}: {model.GetNumberOfParameters()} parameters, trained on {len(paths)} files; "
        f"{' '.join(trainer.GetStopConditionDescription().split())}"
    )
    if validation:
        print(_validation_summary(trainer))
    for line in verdict:
        print(line)
    return 0


def _asks_for_a_network(arguments: argparse.Namespace) -> bool:
    """Whether options of ``train`` name a network, which the bundled model need not have."""
    from latent_sr.recipe import parse

    _, network = parse(dict(arguments.set))
    return arguments.preset != "default" or arguments.network is not None or bool(network)


def _start_of_training(arguments: argparse.Namespace) -> str | None:
    """The model file that a training starts from; empty for the bundled model, None for random weights."""
    if arguments.fine_tune is not None or arguments.from_scratch or _asks_for_a_network(arguments):
        return arguments.fine_tune
    return ""


def _keep_the_better(
    arguments: argparse.Namespace, trained: Path, validation: list[Path], subjects: list[str]
) -> list[str]:
    """Compare a trained model with the bundled one, and put that in the file if it is better; lines that tell it."""
    if not validation:
        return []

    from latent_sr.models import load_model
    from latent_sr.selection import compare_with_bundled

    comparison = compare_with_bundled(
        trained,
        validation,
        subjects,
        threads=arguments.threads,
        reading=_reading(arguments),
        notify=_notify("comparing with the bundled model:"),
    )
    if comparison is None:
        return ["not compared with the bundled model: no validation volume has 3 slices along a clear slice axis"]
    lines = [comparison.describe()]
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
    """Refuse options of ``train`` that exclude each other, before any file is looked at."""
    from latent_sr.evaluation import compile_subject
    from latent_sr.models import MODEL_EXTENSIONS
    from latent_sr.recipe import parse
    from latent_sr.volumes import check_output

    parse(dict(arguments.set))
    if arguments.network is not None and arguments.fine_tune is not None:
        raise UsageError("--network has no effect with --fine-tune: the model brings its network along")
    if arguments.validation and arguments.validation_share is not None:
        raise UsageError("--validation and --validation-share exclude each other: set one of them")
    compile_subject(arguments.subject)
    if arguments.validation_share == 0:
        for option in ("early_stopping", "subject", "keep"):
            if getattr(arguments, option) is not None:
                name = option.replace("_", "-")
                raise UsageError(f"--{name} has no effect with --validation-share 0: there is no validation")
    if arguments.resume and not arguments.checkpoint:
        raise UsageError("--resume has nothing to go on from: name a --checkpoint")
    if arguments.checkpoint_every is not None and not arguments.checkpoint:
        raise UsageError("--checkpoint-every has no effect without --checkpoint")
    if arguments.checkpoint:
        check_output(arguments.checkpoint, MODEL_EXTENSIONS, arguments.overwrite or arguments.resume, [output])


def _training_paths(arguments: argparse.Namespace) -> tuple[list[Path], list[Path], list[str]]:
    """The volumes to train on, those to validate on, and the subjects of these."""
    from latent_sr.evaluation import compile_subject, subjects_of
    from latent_sr.training import split_by_subject
    from latent_sr.volumes import expand_inputs

    paths = expand_inputs(arguments.inputs)
    if arguments.validation:
        validation = expand_inputs(arguments.validation)
        both = sorted({path.resolve() for path in paths} & {path.resolve() for path in validation})
        if both:
            raise UsageError(f"'{both[0]}' is trained and validated on at the same time")
        return paths, validation, subjects_of(validation, compile_subject(arguments.subject))
    share = arguments.validation_share
    if share == 0:
        return paths, [], []
    subjects = subjects_of(paths, compile_subject(arguments.subject))
    if share is None:
        if len(set(subjects)) < FEWEST_SUBJECTS:
            if arguments.early_stopping is not None:
                raise UsageError(
                    f"--early-stopping needs validation volumes: of {len(set(subjects))} subjects none is held out by "
                    "default, set --validation or --validation-share"
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
    """The command without names of files."""
    words = [PROGRAM, "train", "--preset", arguments.preset]
    if arguments.network is not None:
        words += ["--network", arguments.network]
    for name, value in arguments.set:
        words += ["--set", f"{name}={value}"]
    if arguments.iterations is not None:
        words += ["--iterations", str(arguments.iterations)]
    if minutes is not None:
        words += ["--minutes", f"{minutes:g}"]
    words += ["--seed", str(arguments.seed), "--precision", arguments.precision]
    if arguments.validation_share is not None:
        words += ["--validation-share", f"{arguments.validation_share:g}"]
    elif arguments.validation:
        words.append("--validation")
    if arguments.early_stopping is not None:
        words += ["--early-stopping", str(arguments.early_stopping)]
    words.append("--from-scratch" if start is None else "--fine-tune")
    return " ".join(words)


# evaluate -------------------------------------------------------------------------------------------------------------


def _add_evaluate(commands: Any) -> None:
    parser = _command(
        commands,
        "evaluate",
        help="drop slices, recover them with every method, measure, test, and report",
        description="Drop slices of volumes, recover them with every method, measure the recovered slices against the "
        "dropped ones, and test over subjects whether the model is better.",
        epilog="""examples:
  latent-sr evaluate cohort/ --report report.html
  latent-sr evaluate cohort/ --subject '(patient[0-9]+)' --json result.json --csv slices.csv
  latent-sr evaluate a.nii.gz b.nii.gz --keep-every 3 --model old.safetensors --model new.safetensors
  latent-sr evaluate cohort/ --mode decoded --mode residual-corrected --methods linear,linear-blur,latent
  latent-sr evaluate cohort/ --mask hearts/ --jobs 4 --report report.html
  latent-sr evaluate thin/ --keep-every 5 --slice-thickness 5
  latent-sr evaluate /data/cohort --scheduler tcp://head:8786 --json result.json

Measured are the recovered slices, and apart from them the kept slices and long-axis planes. The result does not depend
on --jobs and --scheduler. Methods: nearest, linear, bspline0 to bspline5 (by order; bspline is 3), lanczos (radius 3),
lanczos4, linear-blur (a control: a Gaussian of 1.5 pixels in plane after linear), latent (the models).""",
    )
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="NIfTI, NRRD, MetaImage, a DICOM folder, or a folder of such"
    )
    parser.add_argument(
        "--keep-every", type=_whole(2), default=2, metavar="K", help="keep every K-th slice (default: 2)"
    )
    parser.add_argument(
        "--crop", type=_whole(1), default=0, metavar="PIXELS", help="side of the central square (default: no crop)"
    )
    parser.add_argument(
        "--model", action="append", metavar="M", help="model file, may be repeated (default: the bundled model)"
    )
    parser.add_argument(
        "--mode",
        action="append",
        **_choice(MODES) | {"metavar": "MODE"},
        help=f"output mode: {', '.join(MODES)}; may be repeated (default: {DEFAULT_MODE})",
    )
    parser.add_argument(
        "--methods",
        default="linear,bspline,lanczos,linear-blur,latent",
        metavar="LIST",
        help="of those below (default: linear,bspline,lanczos,linear-blur,latent)",
    )
    parser.add_argument(
        "--slice-thickness",
        type=_not_negative,
        default=0.0,
        metavar="MM",
        help="simulate thick slices: blur volumes along the slice axis before slices are kept, by a Gaussian of this "
        "full width at half maximum; the truth is not blurred (default: 0, no blur)",
    )
    parser.add_argument(
        "--mask",
        metavar="M",
        help="measure only where this volume is not zero; or a folder with a mask of the same name for each volume",
    )
    parser.add_argument(
        "--subject",
        metavar="REGEX",
        help="its first group on the path names the subject (default: each file is a subject)",
    )
    parser.add_argument("--json", metavar="F", help="write the result as JSON; - for stdout instead of the table")
    parser.add_argument("--csv", metavar="F", help="write a row for each slice (or long-axis direction) and method")
    parser.add_argument("--report", metavar="F.html", help="write a report as one HTML file")
    _add_reading(parser)
    _add_axis(parser)
    _add_precision(parser)
    _add_orientations(parser)
    _add_device(parser)
    _add_threads(parser)
    _add_jobs(parser)
    _add_overwrite(parser)
    parser.set_defaults(run=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> int:
    from latent_sr.evaluation import LATENT, check_methods, compile_subject
    from latent_sr.parallel import check_parallel
    from latent_sr.volumes import check_output, expand_inputs

    methods = [name.strip() for name in arguments.methods.split(",") if name.strip()]
    check_methods(methods)
    if LATENT not in methods and (arguments.model or arguments.mode):
        option = "--model" if arguments.model else "--mode"
        raise UsageError(f"{option} has no effect, because --methods is '{arguments.methods}', without latent")
    compile_subject(arguments.subject)
    check_parallel(arguments.jobs or 1, arguments.scheduler)
    outputs: dict[Path, str] = {}
    for option, name, extensions in (
        ("--json", arguments.json, (".json",)),
        ("--csv", arguments.csv, (".csv",)),
        ("--report", arguments.report, (".html", ".htm")),
    ):
        if name is not None and not (option == "--json" and name == "-"):
            outputs[check_output(name, extensions, arguments.overwrite)] = option
    paths = expand_inputs(arguments.inputs)
    for model in arguments.model or ():
        _check_model(model)
    _quiet_itk()

    from latent_sr.evaluation import as_csv, as_table, run_evaluation
    from latent_sr.parallel import default_jobs
    from latent_sr.progress import Progress
    from latent_sr.volumes import write_text

    shown: list[Progress] = []

    def report_to(label: str) -> Callable[[int, int, str], None]:
        mine: list[Progress] = []

        def report(done: int, total: int, note: str) -> None:
            if not mine:
                while shown:
                    shown.pop().close()
                mine.append(Progress(total, label, "recoveries"))
                shown.append(mine[0])
            mine[0].update(done, note)

        return report

    try:
        evaluation = run_evaluation(
            paths,
            keep_every=arguments.keep_every,
            crop=arguments.crop,
            models=arguments.model or [None],
            modes=arguments.mode or [DEFAULT_MODE],
            methods=methods,
            subject=arguments.subject,
            axis=arguments.axis,
            slice_thickness=arguments.slice_thickness,
            orientations=arguments.orientations,
            mask=arguments.mask,
            reading=_reading(arguments),
            precision=arguments.precision,
            device=arguments.device,
            threads=arguments.threads,
            jobs=arguments.jobs or default_jobs(len(paths), arguments.scheduler),
            scheduler=arguments.scheduler,
            with_pictures=arguments.report is not None,
            progress=report_to("evaluating"),
            picture_progress=report_to("drawing"),
        )
    finally:
        while shown:
            shown.pop().close()
    text = _json_text(evaluation.result)
    if arguments.json is not None and arguments.json != "-":
        write_text(text, arguments.json)
    if arguments.csv is not None:
        write_text(as_csv(evaluation.result), arguments.csv)
    if arguments.report is not None:
        from latent_sr.report import render_report

        write_text(render_report(evaluation), arguments.report)
    print(text if arguments.json == "-" else as_table(evaluation.result), end="" if arguments.json == "-" else "\n")
    return 0


def _json_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


# metrics --------------------------------------------------------------------------------------------------------------


def _add_metrics(commands: Any) -> None:
    parser = _command(
        commands,
        "metrics",
        help="compare a test image with a reference image: MSE, PSNR, SSIM, VIFp and more",
        description="Compare a test image with a reference image of the same size: MSE, MAE, RMSE, NRMSE, PSNR, "
        "Pearson's coefficient, and SSIM and VIFp in 2D, slice by slice; on request, SSIM in 3D, multi-scale SSIM, "
        "wavelet VIF, GMSD, HFEN, NMI, and the Fourier ring or shell correlation with its resolution.",
        epilog="""examples:
  latent-sr metrics truth.nii.gz recovered.nii.gz --data-range 1
  latent-sr metrics truth.nii.gz recovered.nii.gz --metrics all
  latent-sr metrics truth.nii.gz recovered.nii.gz --metrics ssim,fourier --ssim-map map.nii.gz
  latent-sr metrics truth.nii.gz recovered.nii.gz --mask heart.nii.gz --json -

PSNR, SSIM, VIF and GMSD depend on the data range; without --data-range it is maximum minus minimum of the reference.
VIF is not symmetric: the reference comes first. Metrics are defined in docs/metrics.md.""",
    )
    parser.add_argument("reference", metavar="REFERENCE", help="image, 2D to 4D, or a folder with one DICOM series")
    parser.add_argument("test", metavar="TEST", help="image of the same size")
    parser.add_argument("--data-range", type=_positive, metavar="L", help="in units of intensity")
    parser.add_argument(
        "--data-range-source",
        **_choice(("reference-min-max", "reference-max", "pixel-type")),
        default="reference-min-max",
        help="where it comes from without --data-range (default: reference-min-max)",
    )
    parser.add_argument("--mask", metavar="M", help="image of the same size; nonzero pixels are compared")
    parser.add_argument(
        "--metrics",
        default="ssim,vifp",
        metavar="LIST",
        help="of ssim, vifp, ssim_3d, ms_ssim, vif_wavelet, gmsd, hfen, nmi, fourier, or all (default: ssim,vifp)",
    )
    parser.add_argument(
        "--nrmse",
        **_choice(("euclidean", "min-max", "mean")),
        default="euclidean",
        help="what the NRMSE is relative to: the reference's Euclidean norm, extremes or mean (default: euclidean)",
    )
    parser.add_argument("--ssim-sigma", type=_positive, default=1.5, metavar="S", help="of its window (default: 1.5)")
    parser.add_argument("--ssim-radius", type=_whole(1), default=5, metavar="R", help="of its window (default: 5)")
    parser.add_argument("--ssim-uniform", action="store_true", help="equal weights instead of a Gaussian window")
    parser.add_argument("--ssim-sample-covariance", action="store_true", help="instead of the population's")
    parser.add_argument("--ssim-whole-map", action="store_true", help="average border pixels, too, images mirrored")
    parser.add_argument("--ssim-map", metavar="F", help="write the map of SSIM as an image")
    _add_axis(parser, "slices are cut across it (default: auto, the largest spacing, or the last axis if two have it)")
    parser.add_argument("--json", metavar="F", help="write the result as JSON; - for stdout instead of the table")
    _add_reading(parser)
    _add_threads(parser)
    _add_overwrite(parser)
    parser.set_defaults(run=_metrics)


def _metrics(arguments: argparse.Namespace) -> int:
    from latent_sr.volumes import OUTPUT_EXTENSIONS, check_output

    names = [arguments.reference, arguments.test, *([arguments.mask] if arguments.mask else [])]
    if arguments.json not in (None, "-"):
        check_output(arguments.json, (".json",), arguments.overwrite)
    if arguments.ssim_map is not None:
        check_output(arguments.ssim_map, OUTPUT_EXTENSIONS, arguments.overwrite, names)
    for name in names:
        if not Path(name).exists():
            raise LatentSRError(f"'{name}' does not exist")
    _quiet_itk()

    from latent_sr.metrics import SSIMParameters, compare, metrics_as_json
    from latent_sr.volumes import open_volume, write_text, write_volume

    volumes = [open_volume(name, dimensions=(2, 3, 4), options=_reading(arguments)) for name in names]
    for volume in volumes:
        for warning in volume.warnings:
            _warn(warning)
    images = [volume.image for volume in volumes]
    reference, test = images[:2]
    if reference.GetImageDimension() == test.GetImageDimension() and not _same_geometry(reference, test):
        _warn("the images differ in origin, spacing or direction; pixels are compared by their index")
    chosen = [name.strip() for name in arguments.metrics.split(",") if name.strip()]
    result = compare(
        reference,
        test,
        data_range=arguments.data_range,
        data_range_source=arguments.data_range_source,
        mask=images[2] if arguments.mask else None,
        axis=volumes[0].slice_axis if arguments.axis is None else arguments.axis,
        metrics="all" if chosen == ["all"] else chosen,
        ssim=SSIMParameters(
            arguments.ssim_sigma,
            arguments.ssim_radius,
            arguments.ssim_uniform,
            arguments.ssim_sample_covariance,
            arguments.ssim_whole_map,
        ),
        nrmse=arguments.nrmse,
        with_map=arguments.ssim_map is not None,
        threads=arguments.threads,
    )
    if arguments.ssim_map is not None:
        write_volume(result["ssim_map"], arguments.ssim_map, overwrite=arguments.overwrite)
    text = _json_text(metrics_as_json(result))
    if arguments.json == "-":
        print(text, end="")
        return 0
    if arguments.json is not None:
        write_text(text, arguments.json)
    for line in _metric_lines(result):
        print(line)
    return 0


def _metric_lines(result: dict[str, Any]) -> list[str]:
    """The results as a table."""
    from latent_sr.evaluation import format_value
    from latent_sr.metrics import OPTIONAL_METRICS, json_number

    labels = {
        "mse": "MSE",
        "mae": "MAE",
        "rmse": "RMSE",
        "nrmse": "NRMSE",
        "psnr": "PSNR in dB",
        "mean_slice_psnr": "mean PSNR of slices in dB",
        "pearson": "Pearson's coefficient",
        **{name: metric.label for name, metric in OPTIONAL_METRICS.items() if name != "fourier"},
    }
    rows = {labels[key]: result[key] for key in labels if key in result}
    for threshold, resolution in result.get("fourier", {}).get("resolution", {}).items():
        rows[f"resolution at {threshold} in mm"] = resolution
    lines = []
    for label, number in rows.items():
        value = json_number(number)
        lines.append(f"{label:26} {f'{value:.6g}' if isinstance(value, float) else format_value(value, label)}")
    axis = result["slice_axis"]
    across = "" if axis is None else f" across axis {axis}"
    lines.append(f"data range {result['data_range']:g}, {result['number_of_slices']} slices{across}")
    return lines + [f"note: {note}" for note in result["notes"]]


def _same_geometry(reference: Any, test: Any) -> bool:
    """Whether two images of one dimension have the same origin, spacing and direction, up to rounding."""
    import itk
    import numpy as np

    def geometry(image: Any) -> Any:
        axes = range(image.GetImageDimension())
        direction = itk.array_from_matrix(image.GetDirection())
        origin = [float(image.GetOrigin()[axis]) for axis in axes]
        return np.concatenate([origin, [float(image.GetSpacing()[axis]) for axis in axes], direction.ravel()])

    return bool(np.allclose(geometry(reference), geometry(test), rtol=1e-4, atol=1e-3))


# info -----------------------------------------------------------------------------------------------------------------


def _add_info(commands: Any) -> None:
    parser = _command(
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
    parser.add_argument("--json", metavar="F", help="write it as JSON; - for stdout instead of the table")
    _add_overwrite(parser)
    parser.set_defaults(run=_info)


def _info(arguments: argparse.Namespace) -> int:
    from latent_sr.volumes import check_output

    if arguments.json not in (None, "-"):
        check_output(arguments.json, (".json",), arguments.overwrite)
    _check_model(arguments.model)
    _quiet_itk()

    from latent_sr.models import describe_model, load_model
    from latent_sr.volumes import write_text

    description = describe_model(load_model(arguments.model))
    text = _json_text(description)
    if arguments.json == "-":
        print(text, end="")
        return 0
    if arguments.json is not None:
        write_text(text, arguments.json)
    for line in _flattened(description):
        print(line)
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


# Common ---------------------------------------------------------------------------------------------------------------


def _check_model(name: str | None) -> None:
    """Refuse a missing model file before ITK is imported, which takes seconds."""
    if name is not None and not Path(name).is_file():
        raise LatentSRError(f"the model file '{name}' does not exist")


def _add_axis(parser: argparse.ArgumentParser, text: str = "") -> None:
    parser.add_argument(
        "--axis",
        type=_axis,
        default=None,
        metavar="auto|0|1|2",
        help=text or "the through-plane axis (default: auto, that of the largest spacing)",
    )


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--series",
        action="append",
        default=[],
        metavar="UID",
        help="UID or number of the DICOM series to read, where a folder holds several; may be repeated for the "
        "slices of "
        "a cine",
    )
    parser.add_argument(
        "--phase",
        type=_phase,
        metavar="N|all",
        help="of 4D volumes, the number of the phase (time frame) to read, from 0 (default: all)",
    )
    parser.add_argument(
        "--nan",
        type=_finite,
        metavar="VALUE",
        help="what pixels become that are NaN or infinite (default: they are refused)",
    )


def _reading(arguments: argparse.Namespace) -> Any:
    """What the command line says about the reading of volumes."""
    from latent_sr.volumes import ReadOptions

    return ReadOptions(tuple(arguments.series), arguments.phase, arguments.nan)


def _notify(what: str) -> Callable[[str], None]:
    """Say on stderr what is done with a file."""
    return lambda name: print(f"{what} {Path(name).name}", file=sys.stderr)


def _add_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        **_choice(PRECISIONS),
        default=DEFAULT_PRECISION,
        help=f"arithmetic of the network; bfloat16 is faster on processors that have it (default: {DEFAULT_PRECISION})",
    )


def _add_orientations(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--orientations",
        type=lambda text: int(_one_of("1", "4", "8")(text)),
        default=1,
        metavar="{1,4,8}",
        help="average what the network makes of rotated (4) and flipped (8) slices: so many times the time, and a "
        "little better (default: 1)",
    )


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", default="cpu", metavar="D", help="where the network runs: cpu, cuda, cuda:1, ... (default: cpu)"
    )


def _add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=_whole(1), metavar="N", help="number of threads (default: all processors)")


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs",
        type=_whole(1),
        metavar="N",
        help="volumes that are worked on at the same time, in processes that share the threads (default: as many as "
        "there are processors, but no process for fewer than 4 volumes)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="have the workers of a Dask cluster do it instead, for example tcp://host:8786; they read and write the "
        "files, so they need the same paths",
    )


def _add_overwrite(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--overwrite", action="store_true", help="replace existing output files")


class _Version(argparse.Action):
    """``--version``, which looks the version up only when asked."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, default=argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        import latent_sr

        print(f"{PROGRAM} {latent_sr.__version__}")
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = _Parser(
        prog=PROGRAM,
        description="Super-resolution of stacks of thick slices in the latent space of an autoencoder.",
        epilog="""examples:
  latent-sr upsample thick.nii.gz thin.nii.gz --factor 5
  latent-sr train cohort/ --output mine.safetensors
  latent-sr evaluate cohort/ --report report.html
  latent-sr metrics truth.nii.gz recovered.nii.gz --json -
  latent-sr info mine.safetensors

Exit codes: 0, 1 (failed), 2 (wrong use), 130 (interrupted).""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add in (_add_upsample, _add_train, _add_evaluate, _add_metrics, _add_info):
        add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments
        Words behind ``latent-sr``. Default: those of the process.
    """
    # A shell without job control starts what runs in the background with interrupts ignored.
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        parsed = make_parser().parse_args(arguments)
        code = parsed.run(parsed)
        sys.stdout.flush()
        return code
    except LatentSRError as error:
        print(f"{PROGRAM}: error: {_told(error)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the output, ``head`` say, has seen enough. What is left in the buffer must not be tried again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    except (RuntimeError, OSError, MemoryError, ImportError) as error:
        print(f"{PROGRAM}: error: {one_line(error)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
