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
"""The look of the output modes along the slice axis: differences between neighboring slices, and long-axis views.

    python benchmarks/output_modes.py VOLUME [--factor 5] [--model M] [--picture F.png] [--crop 128]

The table has the mean absolute difference between neighboring output slices, relative to the width of the intensity
window: of pairs with an acquired slice, and of other pairs. If the first is larger than the second, acquired slices
stand out and the volume flickers. Rows are ITK's linear, B-spline and Lanczos interpolation, and each mode. The quality
of slices is measured by ``latent-sr evaluate``.
"""

import argparse

import itk
import numpy as np
from latent_sr import load_model, read_volume, upsample
from latent_sr.enumerations import MODES


def steps(volume: np.ndarray, factor: int, window: float) -> tuple[float, float]:
    """Return mean absolute differences of neighboring slices (slices first): at acquired slices, and elsewhere."""
    difference = np.abs(np.diff(volume, axis=0)).mean(axis=(1, 2)) / window
    pairs = np.arange(len(difference))
    at_acquired = (pairs % factor == 0) | ((pairs + 1) % factor == 0)
    return float(difference[at_acquired].mean()), float(difference[~at_acquired].mean())


FloatImage = itk.Image[itk.F, 3]
INTERPOLATORS = {
    "linear": itk.LinearInterpolateImageFunction[FloatImage, itk.D],
    "B-spline": itk.BSplineInterpolateImageFunction[FloatImage, itk.D, itk.F],
    "Lanczos": next(
        interpolator
        for parameters, interpolator in itk.WindowedSincInterpolateImageFunction.items()
        if parameters[0] is FloatImage and "Lanczos" in parameters[2].__name__
    ),
}


def interpolated(image: itk.Image, factor: int, name: str) -> np.ndarray:
    """Interpolate by ITK on the grid of the super-resolved volume."""
    size = [int(length) for length in image.GetLargestPossibleRegion().GetSize()]
    spacing = [float(length) for length in image.GetSpacing()]
    size[2], spacing[2] = (size[2] - 1) * factor + 1, spacing[2] / factor
    resampled = itk.resample_image_filter(
        image,
        size=size,
        output_spacing=spacing,
        output_origin=list(image.GetOrigin()),
        output_direction=image.GetDirection(),
        interpolator=INTERPOLATORS[name].New(),
    )
    return itk.array_from_image(resampled)


def crop(volume: np.ndarray, side: int) -> np.ndarray:
    """Return the central square of all slices."""
    rows, columns = volume.shape[1:]
    height, width = min(side, rows), min(side, columns)
    top, left = (rows - height) // 2, (columns - width) // 2
    return volume[:, top : top + height, left : left + width]


def main() -> None:
    """Print the table and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume")
    parser.add_argument("--factor", type=int, default=5)
    parser.add_argument("--model")
    parser.add_argument("--picture", help="a PNG with a long-axis view of every mode")
    parser.add_argument("--crop", type=int, default=128, help="side of the central square that is measured")
    arguments = parser.parse_args()

    image = read_volume(arguments.volume)
    image = itk.cast_image_filter(image, ttype=[type(image), FloatImage])
    if int(np.argmax(list(image.GetSpacing()))) != 2:
        parser.error("the slice axis has to be the last one")
    native = itk.array_from_image(image)
    low, high = np.percentile(native, [1, 99])
    model = load_model(arguments.model)
    results = {name: interpolated(image, arguments.factor, name) for name in INTERPOLATORS}
    for mode in MODES:
        if mode == "auto":  # It is one of the other modes.
            continue
        thin = upsample(image, factor=arguments.factor, mode=mode, model=model)
        results[mode] = itk.array_from_image(thin)
    print(f"{'':20}{'at acquired slices':>20}{'elsewhere':>12}{'ratio':>8}")
    for name, volume in results.items():
        at_acquired, elsewhere = steps(crop(volume, arguments.crop), arguments.factor, high - low)
        print(f"{name:20}{at_acquired:20.4f}{elsewhere:12.4f}{at_acquired / elsewhere:8.2f}")

    if arguments.picture:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        spacing = [float(length) for length in image.GetSpacing()]
        views = {"as acquired": native} | results
        rows, columns, width = (len(views) + 2) // 3, 3, 4.0
        shape = crop(native, arguments.crop).shape
        height = width * shape[0] * spacing[2] / (shape[2] * spacing[0])
        figure, axes = pyplot.subplots(
            rows, columns, figsize=(width * columns, (height + 0.35) * rows), layout="constrained"
        )
        for axis in axes.flat:
            axis.set_axis_off()
        for axis, (name, volume) in zip(axes.flat, views.items(), strict=False):
            view = crop(volume, arguments.crop)
            plane = view[:, view.shape[1] // 2]
            aspect = height / width * plane.shape[1] / plane.shape[0]
            axis.imshow(plane, cmap="gray", vmin=low, vmax=high, aspect=aspect, interpolation="nearest")
            axis.set_title(name, fontsize=11)
        figure.savefig(arguments.picture, dpi=110)


if __name__ == "__main__":
    main()
