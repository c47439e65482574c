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
"""``latent-sr evaluate``."""

import argparse
from typing import Any

from latent_sr.commands.console import check_model_file, put_json, quiet_itk, say, warn
from latent_sr.commands.options import (
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
    not_negative_number,
    read_options,
    whole_number,
)
from latent_sr.enumerations import DEFAULT_MODE, MODES
from latent_sr.errors import UsageError


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    parser = add_command(
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
  latent-sr evaluate cohort/ --metrics ssim,vifp,maeg --report report.html
  latent-sr evaluate /data/cohort --scheduler tcp://head:8786 --json result.json

The recovered slices are measured. The kept slices and long-axis planes are measured separately. The result does not
depend on --jobs and --scheduler. Methods: nearest, linear, bspline0 to bspline5 (by order; bspline is bspline3),
lanczos (radius 3), lanczos4, linear-blur (a control: linear, then an in-plane Gaussian of 1.5 pixels), latent (the
models).""",
    )
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="NIfTI, NRRD, MetaImage, a DICOM folder, or a folder of volumes"
    )
    parser.add_argument(
        "--keep-every", type=whole_number(2), default=2, metavar="K", help="keep every K-th slice (default: 2)"
    )
    parser.add_argument(
        "--crop",
        type=whole_number(1),
        default=0,
        metavar="PIXELS",
        help="side of the central square (default: no crop)",
    )
    parser.add_argument(
        "--model", action="append", metavar="M", help="model file, may be repeated (default: the bundled model)"
    )
    parser.add_argument(
        "--mode",
        action="append",
        **choice(MODES) | {"metavar": "MODE"},
        help=f"output mode: {', '.join(MODES)}; may be repeated (default: {DEFAULT_MODE})",
    )
    parser.add_argument(
        "--methods",
        default="linear,bspline,lanczos,linear-blur,latent",
        metavar="LIST",
        help="methods to compare, listed below (default: linear,bspline,lanczos,linear-blur,latent)",
    )
    parser.add_argument(
        "--metrics",
        default="ssim,vifp",
        metavar="LIST",
        help="measured beside MSE and PSNR, of ssim, vifp, ms_ssim, vif_wavelet, gmsd, hfen, maeg; each is tested "
        "(default: ssim,vifp)",
    )
    parser.add_argument(
        "--slice-thickness",
        type=not_negative_number,
        default=0.0,
        metavar="MM",
        help="simulate thick slices: blur volumes along the slice axis before slices are dropped, by a Gaussian of "
        "this full width at half maximum; the truth is not blurred (default: 0, no blur)",
    )
    parser.add_argument(
        "--mask",
        metavar="M",
        help="measure only the nonzero pixels of this volume; or a folder with a mask of the same name for each volume",
    )
    parser.add_argument(
        "--subject",
        metavar="REGEX",
        help="regular expression whose first group, matched in the path, is the name of the subject (default: each "
        "file is a subject)",
    )
    parser.add_argument("--json", metavar="F", help="write the result as JSON; - for stdout instead of the table")
    parser.add_argument("--csv", metavar="F", help="write a row for each slice (or long-axis direction) and method")
    parser.add_argument("--report", metavar="F.html", help="write a report as one HTML file")
    add_reading(parser)
    add_axis(parser)
    add_precision(parser)
    add_orientations(parser)
    add_device(parser)
    add_threads(parser)
    add_jobs(parser)
    add_overwrite(parser)
    add_messages(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from latent_sr.volumes import expand_inputs

    methods = _methods(arguments)
    metrics = _listed(arguments.metrics)
    _check(arguments, metrics)
    paths = expand_inputs(arguments.inputs)
    for model in arguments.model or ():
        check_model_file(model)
    quiet_itk()

    from latent_sr.evaluation.run import run_evaluation
    from latent_sr.progress import ProgressInTurn

    with ProgressInTurn("recoveries") as progress:
        evaluation = run_evaluation(
            paths,
            _options(arguments, methods, metrics, len(paths)),
            with_pictures=arguments.report is not None,
            progress=progress.part("evaluating"),
            picture_progress=progress.part("drawing"),
            warn=warn,
        )
    _write(arguments, evaluation)
    return 0


def _listed(text: str) -> list[str]:
    """The names in a list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _methods(arguments: argparse.Namespace) -> list[str]:
    """The names of the methods."""
    from latent_sr.evaluation.methods import LATENT, check_methods

    methods = _listed(arguments.methods)
    check_methods(methods)
    if LATENT not in methods and (arguments.model or arguments.mode):
        option = "--model" if arguments.model else "--mode"
        raise UsageError(f"{option} has no effect, because --methods is '{arguments.methods}', without latent")
    return methods


def _check(arguments: argparse.Namespace, metrics: list[str]) -> None:
    """Check options and outputs before any file is read."""
    from latent_sr.evaluation.options import check_metrics
    from latent_sr.evaluation.subjects import compile_subject
    from latent_sr.parallel import check_parallel
    from latent_sr.volumes import check_output

    check_metrics(metrics)
    compile_subject(arguments.subject)
    check_parallel(arguments.jobs or 1, arguments.scheduler)
    for name, extensions in (
        (None if arguments.json == "-" else arguments.json, (".json",)),
        (arguments.csv, (".csv",)),
        (arguments.report, (".html", ".htm")),
    ):
        if name is not None:
            check_output(name, extensions, arguments.overwrite)


def _options(arguments: argparse.Namespace, methods: list[str], metrics: list[str], volumes: int) -> Any:
    from latent_sr.evaluation.options import EvaluationOptions
    from latent_sr.parallel import default_jobs

    return EvaluationOptions(
        keep_every=arguments.keep_every,
        crop=arguments.crop,
        models=arguments.model or [None],
        modes=arguments.mode or [DEFAULT_MODE],
        methods=methods,
        metrics=metrics,
        subject=arguments.subject,
        axis=arguments.axis,
        slice_thickness=arguments.slice_thickness,
        orientations=arguments.orientations,
        mask=arguments.mask,
        reading=read_options(arguments),
        precision=arguments.precision,
        device=arguments.device,
        threads=arguments.threads,
        jobs=arguments.jobs or default_jobs(volumes, arguments.scheduler),
        scheduler=arguments.scheduler,
    )


def _write(arguments: argparse.Namespace, evaluation: Any) -> None:
    """Write the requested files, and print the table unless the JSON goes to stdout."""
    from latent_sr.evaluation.tables import as_csv, as_table
    from latent_sr.volumes import write_text

    if arguments.csv is not None:
        write_text(as_csv(evaluation.result), arguments.csv)
    if arguments.report is not None:
        from latent_sr.evaluation.report import render_report

        write_text(render_report(evaluation), arguments.report)
    if not put_json(evaluation.result, arguments.json):
        for line in as_table(evaluation.result).splitlines():
            say(line)
