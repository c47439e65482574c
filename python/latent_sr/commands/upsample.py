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
"""``latent-sr upsample``."""

import argparse
import shlex
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from latent_sr.commands.console import check_model_file, detail, fail, in_words_of_options, quiet_itk, say, warn
from latent_sr.commands.options import (
    PROGRAM,
    add_axis,
    add_command,
    add_device,
    add_jobs,
    add_messages,
    add_orientations,
    add_overwrite,
    add_precision,
    add_reading,
    add_threads,
    choice,
    finite_number,
    isotropic_spacing,
    not_negative_number,
    positive_number,
    read_options,
    whole_number,
)
from latent_sr.enumerations import DEFAULT_MODE, MODES
from latent_sr.errors import LatentSRError, UsageError, naming


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "upsample",
        help="turn a stack of thick slices into one of thin slices",
        description="Turn a stack of thick slices into a stack of thin slices. n slices become (n - 1) N + 1 at 1/N of "
        "the spacing; every N-th output slice lies exactly at an acquired slice. If IN is a folder of volumes, the "
        "output volumes are written to the folder OUT. OUT.json beside each file says what was done.",
        epilog="""examples:
  latent-sr upsample thick.nii.gz thin.nii.gz --factor 5
  latent-sr upsample dicom-folder thin.nrrd --spacing 1.5 --mode residual-corrected
  latent-sr upsample dicom-folder thin-folder --factor 4 --output-format dicom
  latent-sr upsample cine-folder systole.nii.gz --series 12 --phase 9
  latent-sr upsample thick.nii.gz thin.nii.gz --isotropic --preview thin.png
  latent-sr upsample thick.nii.gz thin.nii.gz --factor 5 --labels seg.nii.gz --labels-output seg-thin.nii.gz
  latent-sr upsample thick.nii.gz like-t1.nii.gz --reference t1.nii.gz
  latent-sr upsample thick.mha thin.mha --factor 4 --model mine.safetensors --threads 4
  latent-sr upsample ct.nrrd thin.nrrd --factor 3 --window -200 400
  latent-sr upsample cohort/ thin/ --factor 5 --jobs 4
  latent-sr upsample /data/cohort /data/thin --factor 5 --scheduler tcp://head:8786

The volumes of a folder and of its subfolders keep their relative names, with the suffix _sr, or in a BIDS dataset the
entity rec-latentsr; a DICOM folder becomes a .nii.gz file. If a volume fails, the others are still processed.

The output has the pixel type of the input, except that int8 becomes int16 and int64 becomes float64.

Grid: --factor and --spacing change the spacing of the slices only. --isotropic and --reference make slices at the
spacing that they need, and then interpolate by cubic B-splines where the grid in plane differs.

Modes:
  auto                profile-corrected if the slice thickness (--slice-thickness) is known and at least 0.8 times the
                      slice spacing, and the spacing is at most 7 mm; otherwise low-pass-corrected if the spacing is
                      less than 9 mm, else decoded
  low-pass-corrected  every slice is decoded by the network; large-scale brightness and a share of the detail are
                      taken from the acquired slices
  profile-corrected   interpolation over six slices, sharpened to reverse the blur of thick slices, with a correction
                      by the network
  decoded             every slice is decoded by the network
  preserve-acquired   acquired slices are kept bit for bit; they stand out where the network removes noise
  residual-corrected  acquired slices are kept; slices between them are interpolated linearly, which keeps the noise,
                      and corrected by the network""",
    )
    parser.add_argument(
        "input",
        metavar="IN",
        help="NIfTI, NRRD, MetaImage, or DICOM (a folder, searched with its subfolders); 3D or 4D; or a folder of "
        "volumes",
    )
    parser.add_argument(
        "output",
        metavar="OUT",
        help="file to write: .nii, .nii.gz, .nrrd or .mha; or a folder, if IN is a folder of volumes or "
        "--output-format is dicom",
    )
    _add_grid(parser)
    _add_network(parser)
    parser.add_argument(
        "--output-format",
        **choice(("file", "dicom")),
        default="file",
        help="dicom: OUT is a folder for a derived DICOM series, with the patient and study of IN (default: file)",
    )
    parser.add_argument(
        "--labels", metavar="SEG", help="label map of IN, on the same grid; it gets the grid of OUT, by its shapes"
    )
    parser.add_argument("--labels-output", metavar="F", help="volume to write: the label map for OUT")
    parser.add_argument(
        "--uncertainty",
        metavar="F",
        help="volume to write: the expected absolute error of each pixel, in the intensities of IN",
    )
    parser.add_argument(
        "--slice-map", metavar="F", help="table to write (.csv): which slices were acquired, and where the others lie"
    )
    parser.add_argument(
        "--preview", metavar="F", help="picture to write (.png): planes across the slices, before and after"
    )
    add_reading(parser)
    add_axis(parser)
    add_precision(parser)
    add_orientations(parser)
    add_device(parser)
    add_threads(parser)
    add_jobs(parser)
    _add_files(parser)
    add_messages(parser)
    parser.set_defaults(run=run)


def _add_grid(parser: argparse.ArgumentParser) -> None:
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--factor",
        type=whole_number(1),
        metavar="N",
        help="number of output slice distances per input slice distance (default: 2)",
    )
    size.add_argument(
        "--spacing", type=positive_number, metavar="MM", help="slice spacing of the output in mm, instead of a factor"
    )
    size.add_argument(
        "--isotropic",
        type=isotropic_spacing,
        nargs="?",
        const=True,
        default=False,
        metavar="MM",
        help="make the spacing of the slices that in plane, or all three spacings MM",
    )
    size.add_argument("--reference", metavar="V", help="volume whose grid the output gets")


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="M", help="model file (default: the bundled model)")
    parser.add_argument(
        "--mode",
        **choice(MODES) | {"metavar": "MODE"},
        default=DEFAULT_MODE,
        help=f"output mode: {', '.join(MODES)} (default: {DEFAULT_MODE}); see below",
    )
    parser.add_argument(
        "--window",
        type=finite_number,
        nargs=2,
        metavar=("MIN", "MAX"),
        help="intensities that the network sees as 0 and 1 (default: the model's percentiles of the volume)",
    )
    parser.add_argument(
        "--residual-gain",
        type=not_negative_number,
        metavar="G",
        help="share of the network in the modes residual-corrected and profile-corrected; 0: interpolation only "
        "(default: the model's gain)",
    )
    parser.add_argument(
        "--slice-thickness",
        type=not_negative_number,
        metavar="MM",
        help="thickness of the slices in mm; 0: not known (default: that of DICOM files, or SliceThickness in X.json "
        "beside X.nii.gz; not known for other formats)",
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
    existing = parser.add_mutually_exclusive_group()
    add_overwrite(existing)
    existing.add_argument(
        "--skip-existing", action="store_true", help="leave out volumes whose output exists, instead of refusing them"
    )
    parser.add_argument("--no-sidecar", action="store_true", help="don't write OUT.json beside each output file")
    parser.add_argument(
        "--suffix",
        metavar="TEXT",
        help="added to the names of the outputs of a folder (default: _sr, or rec-latentsr in names of BIDS)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from latent_sr.folders import means_folder
    from latent_sr.parallel import check_parallel

    source, output = Path(arguments.input), Path(arguments.output)
    as_dicom = arguments.output_format == "dicom"
    check_parallel(arguments.jobs or 1, arguments.scheduler)
    if source.is_dir() and not as_dicom and means_folder(source, output):
        return _upsample_folder(arguments)
    if arguments.suffix is not None:
        raise UsageError(f"--suffix has no effect, because '{output}' is one volume")
    if arguments.skip_existing and (any(output.iterdir()) if output.is_dir() else output.exists()):
        say(f"{output}: exists already, skipped")
        return 0
    try:
        _check_outputs(arguments, source, output)
    except UsageError:
        raise
    except LatentSRError:
        # An output that exists already is less of a surprise than a misspelled input.
        _check_exists(source)
        raise
    _check_exists(source)
    if (arguments.jobs or 1) > 1 or arguments.scheduler is not None:
        option = "--scheduler" if arguments.jobs is None else "--jobs"
        raise UsageError(f"{option} has no effect, because '{output}' is one volume: IN and OUT have to be folders")
    check_model_file(arguments.model)
    quiet_itk()
    return _upsample_volume(arguments, source, output)


def _check_outputs(arguments: argparse.Namespace, source: Path, output: Path) -> None:
    """Check the files of one volume, before anything is computed."""
    from latent_sr.provenance import is_sidecar
    from latent_sr.volumes import OUTPUT_EXTENSIONS, check_output, sidecar_path

    if (arguments.labels is None) != (arguments.labels_output is None):
        raise UsageError("--labels and --labels-output need each other: the label map of IN, and the one to write")
    read = [name for name in (arguments.reference, arguments.labels) if name is not None]
    if arguments.output_format == "dicom":
        _check_series(arguments, source, output)
    else:
        check_output(output, OUTPUT_EXTENSIONS, arguments.overwrite, [source, *read], folders_are_made=True)
        if not arguments.no_sidecar and not is_sidecar(sidecar_path(output)):
            check_output(sidecar_path(output), (".json",), arguments.overwrite, folders_are_made=True)
    for name, extensions in _other_outputs(arguments).items():
        check_output(name, extensions, arguments.overwrite, [source, *read, output], folders_are_made=True)
    for name in read:
        _check_exists(Path(name))


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise LatentSRError(f"'{path}' does not exist")


def _check_series(arguments: argparse.Namespace, source: Path, output: Path) -> None:
    from latent_sr.volumes.dicom.write import check_series_output

    if arguments.reference is not None or not isinstance(arguments.isotropic, bool):
        option = "--isotropic MM" if arguments.reference is None else "--reference"
        raise UsageError(f"{option} and --output-format dicom exclude each other: a series keeps its pixel spacing")
    check_series_output(output, source, arguments.overwrite)


def _other_outputs(arguments: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """The files to write besides the volume, with the extensions that they may have."""
    from latent_sr.volumes import OUTPUT_EXTENSIONS

    if arguments.slice_map is not None and arguments.reference is not None:
        raise UsageError("--slice-map and --reference exclude each other: the output has no slices of its own")
    outputs = [
        (arguments.preview, (".png",)),
        (arguments.slice_map, (".csv",)),
        (arguments.uncertainty, OUTPUT_EXTENSIONS),
        (arguments.labels_output, OUTPUT_EXTENSIONS),
    ]
    given = [(name, extensions) for name, extensions in outputs if name is not None]
    places = [Path(name).resolve() for name in (arguments.output, *(name for name, _ in given))]
    for number, (name, _) in enumerate(given, 1):
        if places[number] in places[:number]:
            raise UsageError(f"two outputs would be the same file: '{name}'")
    return dict(given)


def _upsample_volume(arguments: argparse.Namespace, source: Path, output: Path) -> int:
    from latent_sr.batch import prepare, write_result
    from latent_sr.progress import LateProgress, Progress
    from latent_sr.uncertainty import prepare_for_error
    from latent_sr.upsampling import update_with_error
    from latent_sr.volumes.outputs import made_folders

    task = _upsample_task(arguments, source, output, output, arguments.threads)
    begin = time.monotonic()
    with LateProgress(("reading attributes", "reading pixels"), "images") as reading:
        prepared = prepare(task, warn, reading.update)
    labels = None if arguments.labels is None else _read_labels(arguments, prepared.volume)
    wanted = arguments.uncertainty is not None
    if wanted:
        prepare_for_error(prepared.upsampler)
    detail(f"{source}: mode {prepared.mode}; read in {time.monotonic() - begin:.2f} s")
    # Labels take a moment. A label map that is refused is reported before the network has worked.
    thin_labels = None if labels is None else _upsampled_labels(arguments, prepared, labels)
    slices, begin = prepared.slices, time.monotonic()
    with naming(f"'{source}'"), Progress(slices, "upsampling", "slices") as progress:
        result, error = update_with_error(
            prepared.upsampler, prepared.options, wanted, lambda share: progress.update(share * slices)
        )
    window = prepared.upsampler.GetWindowMinimumUsed(), prepared.upsampler.GetWindowMaximumUsed()
    detail(f"{slices} slices, window {window[0]:.5g} to {window[1]:.5g}; computed in {time.monotonic() - begin:.2f} s")
    begin = time.monotonic()
    with made_folders(output.parent), LateProgress(("writing",), "files") as writing:
        outcome = write_result(task, prepared, result, arguments.overwrite, writing.update)
    _write_others(arguments, prepared, result, error)
    if labels is not None:
        from latent_sr.volumes import write_volume

        with made_folders(Path(arguments.labels_output).parent):
            write_volume(thin_labels, arguments.labels_output, labels.component, overwrite=arguments.overwrite)
    detail(f"written in {time.monotonic() - begin:.2f} s")
    for warning in outcome.warnings:
        warn(warning)
    say(outcome.text)
    return 0


def _read_labels(arguments: argparse.Namespace, volume: Any) -> Any:
    """Read the label map, and check that it has the grid of the volume."""
    from latent_sr.volumes import open_volume
    from latent_sr.volumes.images import difference_of_grids, grid_of_image

    labels = open_volume(arguments.labels, options=read_options(arguments))
    sizes = [grid_of_image(image).size for image in (labels.image, volume.image)]
    if sizes[0] != sizes[1]:
        shapes = [f"{' x '.join(map(str, size))} pixels" for size in sizes]
        raise LatentSRError(f"'{arguments.labels}' has {shapes[0]}, but '{arguments.input}' has {shapes[1]}")
    difference = difference_of_grids(labels.image, volume.image)
    if difference:
        raise LatentSRError(f"'{arguments.labels}' and '{arguments.input}' differ in {difference}")
    return labels


def _upsampled_labels(arguments: argparse.Namespace, prepared: Any, labels: Any) -> Any:
    """The label map on the grid of the output."""
    from latent_sr.labels import upsample_labels

    options, axis = prepared.options, int(prepared.upsampler.GetSliceAxisUsed())
    grid = {name: getattr(options, name) for name in ("factor", "spacing", "isotropic", "reference")}
    with naming(f"'{arguments.labels}'"):
        return upsample_labels(labels.image, axis=axis, threads=options.threads, **grid)


def _write_others(arguments: argparse.Namespace, prepared: Any, result: Any, error: Any) -> None:
    """Write the expected error, the map of the slices and the preview."""
    from latent_sr.preview import write_preview
    from latent_sr.uncertainty import slice_map, slice_map_text
    from latent_sr.volumes import write_text, write_volume
    from latent_sr.volumes.outputs import made_folders

    upsampler, acquired = prepared.upsampler, prepared.volume.image
    axis = int(upsampler.GetSliceAxisUsed())
    if error is not None:
        with made_folders(Path(arguments.uncertainty).parent):
            write_volume(error, arguments.uncertainty, overwrite=arguments.overwrite)
    if arguments.slice_map is not None:
        count = int(result.GetLargestPossibleRegion().GetSize()[axis])
        places = slice_map(count, float(result.GetSpacing()[axis]), float(acquired.GetSpacing()[axis]))
        with made_folders(Path(arguments.slice_map).parent):
            write_text(slice_map_text(places), arguments.slice_map)
    if arguments.preview is not None:
        window = upsampler.GetWindowMinimumUsed(), upsampler.GetWindowMaximumUsed()
        with made_folders(Path(arguments.preview).parent):
            write_preview(arguments.preview, acquired, result, axis, window)


def _upsample_task(
    arguments: argparse.Namespace, source: Path, written: Path, target: Path, threads: int | None
) -> Any:
    """The task of a volume. It is written to ``written``, and may be moved to ``target`` later."""
    from latent_sr.batch import UpsampleTask
    from latent_sr.parallel import path_for_worker

    return UpsampleTask(
        source=path_for_worker(source, arguments.scheduler),
        output=str(written),
        label=str(source),
        target=str(target),
        options=_options(arguments, threads),
        reading=read_options(arguments),
        as_dicom=arguments.output_format == "dicom",
        sidecar=arguments.output_format != "dicom" and not arguments.no_sidecar,
        command=shlex.join([PROGRAM, *sys.argv[1:]]),
    )


def _options(arguments: argparse.Namespace, threads: int | None) -> Any:
    from latent_sr.parallel import path_for_worker
    from latent_sr.upsampling import UpsampleOptions

    return UpsampleOptions(
        factor=arguments.factor,
        spacing=arguments.spacing,
        isotropic=arguments.isotropic,
        reference=None if arguments.reference is None else path_for_worker(arguments.reference, arguments.scheduler),
        model=None if arguments.model is None else path_for_worker(arguments.model, arguments.scheduler),
        mode=arguments.mode,
        axis=arguments.axis,
        precision=arguments.precision,
        device=arguments.device,
        window=None if arguments.window is None else tuple(arguments.window),
        residual_gain=arguments.residual_gain,
        slice_thickness=arguments.slice_thickness,
        orientations=arguments.orientations,
        threads=threads,
    )


def _upsample_folder(arguments: argparse.Namespace) -> int:
    """Up-sample the volumes of a folder into another folder. Return 1 if any of them fails, else 0."""
    from latent_sr.folders import (
        FolderOptions,
        describe_dataset,
        in_staging,
        plan_outputs,
        staging_folder,
        upsample_all,
    )

    source, output = Path(arguments.input), Path(arguments.output)
    for name in ("preview", "uncertainty", "slice_map", "labels", "labels_output"):
        if getattr(arguments, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} is for one volume, but IN is a folder of volumes")
    naming_options = FolderOptions(
        arguments.suffix, arguments.overwrite, arguments.skip_existing, not arguments.no_sidecar
    )
    planned = plan_outputs(source, output, naming_options)
    for target in planned.skipped:
        say(f"{target}: exists already, skipped")
    if not planned.volumes:
        return 0
    check_model_file(arguments.model)
    quiet_itk()

    from latent_sr.models import load_model
    from latent_sr.parallel import default_jobs, threads_per_job
    from latent_sr.progress import Progress

    # An error that concerns all volumes is reported once, before the first of them.
    load_model(arguments.model)
    _options(arguments, None).check()
    count = len(planned.volumes)
    jobs = min(arguments.jobs or default_jobs(count, arguments.scheduler), count)
    threads = threads_per_job(arguments.threads, jobs)
    detail(f"{count} volumes, {jobs} at a time")
    failed = 0
    ended: dict[int, Any] = {}
    with staging_folder(output) as staging, Progress(count, "upsampling", "volumes") as progress:
        tasks = [
            _upsample_task(arguments, volume, in_staging(staging, number, target), target, threads)
            for number, (volume, target) in enumerate(planned.volumes)
        ]
        with closing(upsample_all(tasks, jobs=jobs, scheduler=arguments.scheduler)) as outcomes:
            for done, (position, outcome) in enumerate(outcomes, 1):
                ended[position] = outcome
                progress.update(done, Path(tasks[position].label).name)
        if any(not isinstance(outcome, LatentSRError) for outcome in ended.values()):
            describe_dataset(source, output)
    for _, outcome in sorted(ended.items()):
        if isinstance(outcome, LatentSRError):
            failed += 1
            fail(in_words_of_options(outcome))
            continue
        for warning in outcome.warnings:
            warn(warning)
        say(outcome.text)
    return 1 if failed else 0
