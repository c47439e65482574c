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
"""``latent-sr metrics``."""

import argparse
from pathlib import Path
from typing import Any

from latent_sr.commands.console import put_json, quiet_itk, say, warn
from latent_sr.commands.options import (
    add_axis,
    add_command,
    add_overwrite,
    add_reading,
    add_threads,
    choice,
    positive_number,
    read_options,
    whole_number,
)
from latent_sr.errors import LatentSRError, naming


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "metrics",
        help="compare a test image with a reference image: MSE, PSNR, SSIM, VIFp and more",
        description="Compare a test image with a reference image of the same size: MSE, MAE, RMSE, NRMSE, PSNR, "
        "Pearson's coefficient, and SSIM and VIFp in 2D, slice by slice; optionally SSIM in 3D, multi-scale SSIM, "
        "wavelet VIF, GMSD, HFEN, MAEG (the mean absolute error of gradients), NMI, and the Fourier ring or shell "
        "correlation with its resolution.",
        epilog="""examples:
  latent-sr metrics truth.nii.gz recovered.nii.gz --data-range 1
  latent-sr metrics truth.nii.gz recovered.nii.gz --metrics all
  latent-sr metrics truth.nii.gz recovered.nii.gz --metrics ssim,fourier --ssim-map map.nii.gz
  latent-sr metrics truth.nii.gz recovered.nii.gz --mask heart.nii.gz --json -

PSNR, SSIM, VIF and GMSD depend on the data range. Without --data-range it is maximum minus minimum of the reference.
VIF is not symmetric: the reference comes first. docs/metrics.md defines the metrics.""",
    )
    parser.add_argument("reference", metavar="REFERENCE", help="image, 2D to 4D, or a folder with one DICOM series")
    parser.add_argument("test", metavar="TEST", help="image of the same size")
    parser.add_argument("--data-range", type=positive_number, metavar="L", help="data range in units of intensity")
    parser.add_argument(
        "--data-range-source",
        **choice(("reference-min-max", "reference-max", "pixel-type")),
        default="reference-min-max",
        help="source of the data range without --data-range (default: reference-min-max)",
    )
    parser.add_argument("--mask", metavar="M", help="image of the same size; nonzero pixels are compared")
    parser.add_argument(
        "--metrics",
        default="ssim,vifp",
        metavar="LIST",
        help="some of ssim, vifp, ssim_3d, ms_ssim, vif_wavelet, gmsd, hfen, maeg, nmi and fourier, or all (default: "
        "ssim,vifp)",
    )
    parser.add_argument(
        "--nrmse",
        **choice(("euclidean", "min-max", "mean")),
        default="euclidean",
        help="normalization of the RMSE: by the reference's Euclidean norm, range or mean (default: euclidean)",
    )
    parser.add_argument(
        "--ssim-sigma",
        type=positive_number,
        default=1.5,
        metavar="S",
        help="sigma of the Gaussian window in pixels (default: 1.5)",
    )
    parser.add_argument(
        "--ssim-radius",
        type=whole_number(1),
        default=5,
        metavar="R",
        help="radius of the window in pixels (default: 5)",
    )
    parser.add_argument("--ssim-uniform", action="store_true", help="use equal weights instead of a Gaussian window")
    parser.add_argument("--ssim-sample-covariance", action="store_true", help="divide covariances by n - 1, not by n")
    parser.add_argument("--ssim-whole-map", action="store_true", help="average the whole map, with mirrored borders")
    parser.add_argument("--ssim-map", metavar="F", help="write the map of SSIM as an image")
    add_axis(parser, "axis across the slices (default: auto, the largest spacing, or the last axis if two have it)")
    parser.add_argument("--json", metavar="F", help="write the result as JSON; - for stdout instead of the table")
    add_reading(parser)
    add_threads(parser)
    add_overwrite(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    names = [arguments.reference, arguments.test, *([arguments.mask] if arguments.mask else [])]
    _check(arguments, names)
    quiet_itk()

    from latent_sr.metrics import compare, metrics_as_json
    from latent_sr.volumes import open_volume, write_volume

    volumes = [open_volume(name, dimensions=(2, 3, 4), options=read_options(arguments)) for name in names]
    for volume in volumes:
        for warning in volume.warnings:
            warn(warning)
    reference, test, *masks = (volume.image for volume in volumes)
    _warn_of_another_grid(reference, test)
    axis = volumes[0].slice_axis if arguments.axis is None else arguments.axis
    with naming(" and ".join(f"'{name}'" for name in names)):
        result = compare(reference, test, _options(arguments, axis), mask=masks[0] if masks else None)
    if arguments.ssim_map is not None:
        write_volume(result["ssim_map"], arguments.ssim_map, overwrite=arguments.overwrite)
    if put_json(metrics_as_json(result), arguments.json):
        return 0
    for line in _metric_lines(result):
        say(line)
    return 0


def _check(arguments: argparse.Namespace, names: list[str]) -> None:
    """Check that outputs can be written, and that inputs exist."""
    from latent_sr.volumes import OUTPUT_EXTENSIONS, check_output

    if arguments.json not in (None, "-"):
        check_output(arguments.json, (".json",), arguments.overwrite)
    if arguments.ssim_map is not None:
        check_output(arguments.ssim_map, OUTPUT_EXTENSIONS, arguments.overwrite, names)
    for name in names:
        if not Path(name).exists():
            raise LatentSRError(f"'{name}' does not exist")


def _options(arguments: argparse.Namespace, axis: int | None) -> Any:
    from latent_sr.metrics import ComparisonOptions, SSIMParameters

    chosen = [name.strip() for name in arguments.metrics.split(",") if name.strip()]
    return ComparisonOptions(
        data_range=arguments.data_range,
        data_range_source=arguments.data_range_source,
        axis=axis,
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


def _warn_of_another_grid(reference: Any, test: Any) -> None:
    """Warn if two images have different grids. ``compare`` refuses images of different dimensions."""
    from latent_sr.volumes.images import difference_of_grids

    if reference.GetImageDimension() == test.GetImageDimension() and difference_of_grids(reference, test):
        warn("the images differ in origin, spacing or direction; pixels are compared by their index")


def _metric_lines(result: dict[str, Any]) -> list[str]:
    """The results as a table."""
    from latent_sr.evaluation.tables import format_value
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
