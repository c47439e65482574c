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
"""How well dropped slices of label maps are recovered, by shape-based interpolation and by others.

    pip install scipy SimpleITK itk-morphologicalcontourinterpolation
    python benchmarks/label_interpolation.py DATA

DATA is the folder with ``cardiac``, ``brain``, ``ct`` and others that the model card names. The label maps are made
from these volumes by thresholds. Of each map, every second slice is kept, or fewer. Each method computes the other
slices. There are two measures, each averaged over the labels of a volume: the Dice coefficient of the dropped slices,
and the 95th percentile of the distances between boundaries, from the boundary pixels of dropped slices to the nearest
boundary in 3D, in both directions. A line has the medians over volumes.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import itk
import latent_sr
import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial import KDTree

Labels = np.ndarray
"""Labels of pixels: (slices, rows, columns)."""


# Label maps -----------------------------------------------------------------------------------------------------------


def smoothed(volume: np.ndarray) -> np.ndarray:
    """Remove noise within slices only, so that no slice knows of its neighbors."""
    return ndimage.gaussian_filter(volume.astype(float), (0, 1, 1))


def tissues(volume: np.ndarray) -> Labels:
    """Three classes of brightness by Otsu's method. Thresholds are those of the volume."""
    image = sitk.GetImageFromArray(smoothed(volume))
    return sitk.GetArrayFromImage(sitk.OtsuMultipleThresholds(image, 2)).astype(np.uint8)


def largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected component."""
    numbers, count = ndimage.label(mask)
    return numbers == 1 + np.argmax(ndimage.sum_labels(mask, numbers, range(1, count + 1)))


def outline(volume: np.ndarray) -> Labels:
    """The head or the body without its surroundings."""
    mask = ndimage.binary_opening(tissues(volume) > 0, np.ones((1, 3, 3)))
    return np.stack([ndimage.binary_fill_holes(part) for part in largest(mask)]).astype(np.uint8)


def blood(volume: np.ndarray) -> Labels:
    """The bright blood of the heart, in the middle of a short-axis stack."""
    rows, columns = (slice(max(0, size // 2 - 48), size // 2 + 48) for size in volume.shape[1:])
    image = smoothed(volume)[:, rows, columns]
    threshold = sitk.OtsuThresholdImageFilter()
    threshold.Execute(sitk.GetImageFromArray(image))
    return largest(ndimage.binary_opening(image > threshold.GetThreshold(), np.ones((1, 3, 3)))).astype(np.uint8)


def chest(volume: np.ndarray) -> Labels:
    """Soft tissue 1, lungs 2, and bone and contrast medium 3."""
    air = volume < -400
    edges = np.ones_like(air)
    edges[:, 1:-1, 1:-1] = False
    numbers, _ = ndimage.label(air)
    outside = np.isin(numbers, np.unique(numbers[edges & air]))
    return np.where(outside, 0, np.where(air, 2, np.where(volume > 200, 3, 1))).astype(np.uint8)


def lung_vessels(volume: np.ndarray) -> Labels:
    """Vessels in the lungs: what is not air in the closed lungs."""
    air = volume < -400
    disk = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), 6)[np.newaxis]
    return (ndimage.binary_closing(largest(air), disk) & ~air).astype(np.uint8)


def bone(volume: np.ndarray) -> Labels:
    """Bone, and vessels and chambers with contrast medium."""
    return (volume > 200).astype(np.uint8)


# Methods --------------------------------------------------------------------------------------------------------------


def as_image(labels: Labels, spacing: tuple[float, ...]) -> sitk.Image:
    """An image of SimpleITK."""
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing(spacing)
    return image


def resampled(kept: Labels, factor: int, interpolator: int) -> Labels:
    """Slices by an interpolator of ITK for label maps."""
    image = as_image(kept, (1.0, 1.0, float(factor)))
    size = (kept.shape[2], kept.shape[1], (kept.shape[0] - 1) * factor + 1)
    return sitk.GetArrayFromImage(
        sitk.Resample(image, size, sitk.Transform(), interpolator, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    )


def nearest(kept: Labels, factor: int, _spacing: tuple[float, ...]) -> Labels:
    """The label of the nearer slice, in the middle that of the slice before."""
    return kept[(np.arange((len(kept) - 1) * factor + 1) + (factor - 1) // 2) // factor]


def linear(kept: Labels, factor: int, _spacing: tuple[float, ...]) -> Labels:
    """Linear interpolation of each label's mask. The largest value wins, then the smallest label."""
    labels = np.unique(kept)
    alphas = np.arange((len(kept) - 1) * factor + 1) / factor
    below = np.minimum(alphas.astype(int), len(kept) - 2)
    weights = (alphas - below)[:, None, None]
    masks = [(1 - weights) * (kept[below] == label) + weights * (kept[below + 1] == label) for label in labels]
    return labels[np.argmax(masks, axis=0)]


def gaussian(kept: Labels, factor: int, _spacing: tuple[float, ...]) -> Labels:
    """Gaussian interpolation of each label's mask (itk::LabelImageGaussianInterpolateImageFunction)."""
    return resampled(kept, factor, sitk.sitkLabelGaussian)


def morphological(kept: Labels, factor: int, _spacing: tuple[float, ...]) -> Labels:
    """Contours by dilations (itk::MorphologicalContourInterpolator)."""
    sparse = np.zeros(((len(kept) - 1) * factor + 1, *kept.shape[1:]), kept.dtype)
    sparse[::factor] = kept
    interpolator = itk.MorphologicalContourInterpolator[itk.Image[itk.UC, 3]].New(itk.image_from_array(sparse))
    interpolator.SetAxis(2)
    interpolator.Update()
    return itk.array_from_image(interpolator.GetOutput())


def shape_based(kept: Labels, factor: int, spacing: tuple[float, ...]) -> Labels:
    """This module's method."""
    image = itk.image_from_array(kept)
    image.SetSpacing((*spacing[:2], spacing[2] * factor))
    return itk.array_from_image(latent_sr.upsample_labels(image, factor=factor, axis=2))


# Measures -------------------------------------------------------------------------------------------------------------


def boundary(mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask that touch others within their slice."""
    return mask & ~ndimage.binary_erosion(mask, np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]]), border_value=1)


def measure(truth: Labels, result: Labels, dropped: np.ndarray, spacing: tuple[float, ...]) -> tuple[float, float]:
    """The Dice coefficient and the distance in mm, averaged over the labels that the dropped slices have."""
    inside = np.broadcast_to(dropped[:, None, None], truth.shape)
    scores = []
    for label in np.unique(truth[dropped])[1:]:
        masks = truth == label, result == label
        a, b = (mask[dropped] for mask in masks)
        dice = 2 * np.sum(a & b) / (np.sum(a) + np.sum(b))
        edges = [boundary(mask) for mask in masks]
        distances = [
            KDTree(np.argwhere(other) * spacing[::-1]).query(np.argwhere(one & inside) * spacing[::-1])[0]
            for one, other in (edges, edges[::-1])
            if other.any()
        ]
        distances = np.concatenate(distances)
        # A label that is lost is infinitely far away.
        scores.append((dice, np.percentile(distances, 95) if len(distances) else np.inf))
    dice, distance = np.mean(scores, axis=0)
    return float(dice), float(distance)


# The comparison -------------------------------------------------------------------------------------------------------

# One volume of each subject.
HEART = ("cardiac/autofd/*", "cardiac/mnms-sample/*ED*", "cardiac/sunnybrook/*phase00*")
BRAIN = ("brain/ljubljana/patient0[134]_study1_FLAIR*", "brain/ljubljana/patient09_*", "brain/openfmri/*")
SPINE = ("spine/errsm30_mt0*", "spine/ms_t2_axial*", "spine/sub-05_*MToff*", "spine/t2s_*")
CASES = [
    ("heart, 8 to 10 mm: blood", HEART, blood, 2, 2),
    ("brain, 3 to 5 mm: head", BRAIN, outline, 2, 2),
    ("brain, 3 to 5 mm: 3 classes", BRAIN, tissues, 2, 2),
    ("brain, 3 to 5 mm: head", BRAIN, outline, 2, 5),
    ("brain, 3 to 5 mm: 3 classes", BRAIN, tissues, 2, 5),
    ("spine, 5 to 7.5 mm: 3 classes", SPINE, tissues, None, 2),
    ("T1, 0.67 mm: head", ("brain/studyforrest/*",), outline, 2, 5),
    ("T1, 0.67 mm: head", ("brain/studyforrest/*",), outline, 2, 10),
    ("T1, 0.67 mm: 3 classes", ("brain/studyforrest/*",), tissues, 2, 2),
    ("T1, 0.67 mm: 3 classes", ("brain/studyforrest/*",), tissues, 2, 5),
    ("CT, 1.5 mm: chest", ("ct/*",), chest, 2, 2),
    ("CT, 1.5 mm: chest", ("ct/*",), chest, 2, 5),
    ("CT, 1.5 mm: bone, contrast medium", ("ct/*",), bone, 2, 2),
    ("CT, 1.5 mm: bone, contrast medium", ("ct/*",), bone, 2, 5),
    ("CT, 1.5 mm: vessels of the lungs", ("ct/*",), lung_vessels, 2, 2),
    ("CT, 1.5 mm: vessels of the lungs", ("ct/*",), lung_vessels, 2, 5),
]
"""Title, files, how labels are made, the slice axis (none: that of the largest spacing), and which slices are kept."""


def read(path: Path, axis: int | None) -> tuple[np.ndarray, tuple[float, ...]]:
    """A volume as (slices, rows, columns), and the spacing of columns, rows and slices."""
    image = latent_sr.read_volume(path)
    spacing = [float(value) for value in image.GetSpacing()]
    axis = int(np.argmax(spacing)) if axis is None else axis
    array = np.moveaxis(itk.array_from_image(image), 2 - axis, 0)
    return array, (*(value for d, value in enumerate(spacing) if d != axis), spacing[axis])


def maps(data: Path, patterns: tuple[str, ...], make: Callable, axis: int | None) -> Iterator[tuple[Labels, tuple]]:
    """The label maps of a case, and their spacings."""
    for pattern in patterns:
        for path in sorted(data.glob(pattern)):
            volume, spacing = read(path, axis)
            yield make(volume), spacing


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--case", default="", help="only cases whose title contains this text")
    arguments = parser.parse_args()
    methods = {"nearest": nearest, "linear": linear, "Gaussian": gaussian}
    if hasattr(itk, "MorphologicalContourInterpolator"):
        methods["morphological"] = morphological
    methods["shape-based"] = shape_based
    print("| label maps | kept | volumes |", " | ".join(methods), "|")
    print("|---|---|---|" + "---|" * len(methods))
    seconds = dict.fromkeys(methods, 0.0)
    for title, patterns, make, axis, keep_every in CASES:
        if arguments.case not in title:
            continue
        scores: dict[str, list] = {name: [] for name in methods}
        for labels, spacing in maps(arguments.data, patterns, make, axis):
            truth = labels[: (len(labels) - 1) // keep_every * keep_every + 1]
            kept = np.ascontiguousarray(truth[::keep_every])
            dropped = np.arange(len(truth)) % keep_every > 0
            if len(kept) < 3:
                continue
            for name, method in methods.items():
                start = time.perf_counter()
                result = method(kept, keep_every, spacing)
                seconds[name] += time.perf_counter() - start
                scores[name].append(measure(truth, result, dropped, spacing))
        cells = ["{:.3f}, {:.2f} mm".format(*np.median(values, axis=0)) for values in scores.values()]
        print(f"| {title} | 1 of {keep_every} | {len(scores['nearest'])} |", " | ".join(cells), "|", flush=True)
    print("seconds:", ", ".join(f"{name} {value:.1f}" for name, value in seconds.items()))


if __name__ == "__main__":
    main()
