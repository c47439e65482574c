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
"""Print hashes of the module's results. The same lines before and after a change mean the same bits.

    python benchmarks/fingerprints.py > before.txt      # with the installation before the change
    python benchmarks/fingerprints.py > after.txt       # with the installation after it, on the same machine
    diff before.txt after.txt

Volumes are synthetic, with a fixed seed. The results are of all output modes, orientations and a target spacing of the
filter in single precision, of all metrics, of the experiment's interpolation and sums, and of short trainings, most of
them with one thread and with two.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator

import itk
import latent_sr
import numpy as np
from latent_sr.metrics import OPTIONAL_METRICS

MODES = ("decoded", "preserve-acquired", "residual-corrected", "low-pass-corrected", "profile-corrected")


def phantom(shape: tuple[int, ...], dtype: str, seed: int, spacing: tuple[float, ...]) -> itk.Image:
    """Make blobs that move from slice to slice, with noise. The shape is in NumPy's order, the spacing in ITK's."""
    random = np.random.default_rng(seed)
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    values = 500 + 300 * np.sin(0.11 * x + 0.4 * z) * np.cos(0.07 * y - 0.2 * z) + random.normal(0, 20, shape)
    image = itk.image_from_array(np.ascontiguousarray(values.astype(dtype)))
    image.SetSpacing(spacing)
    return image


def digest(array: np.ndarray) -> str:
    """Return the first 32 hexadecimal digits of the SHA-256 of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:32]


def upsampled() -> Iterator[tuple[str, np.ndarray]]:
    """Yield super-resolved volumes."""
    for dtype, spacing in (("float32", (1.4, 1.4, 8.0)), ("int16", (0.9, 0.9, 5.0))):
        image = phantom((6, 90, 77), dtype, 1, spacing)
        for mode in MODES:
            for threads in (1, 2):
                thin = latent_sr.upsample(image, mode=mode, factor=3, threads=threads, slice_thickness=spacing[2])
                yield f"upsample {dtype} {mode}, {threads} threads", itk.array_from_image(thin)
        thin = latent_sr.upsample(image, spacing=1.7, orientations=8, threads=1)
        yield f"upsample {dtype} auto, 1.7 mm, 8 orientations", itk.array_from_image(thin)


def measured() -> Iterator[tuple[str, np.ndarray]]:
    """Yield all metrics of two volumes."""
    for dtype in ("float32", "uint8"):
        shape = (12, 180, 170)
        reference = phantom(shape, "float32", 2, (1.0, 1.0, 1.0))
        test = phantom(shape, "float32", 3, (1.0, 1.0, 1.0))
        if dtype == "uint8":
            reference, test = (
                itk.image_from_array((itk.array_from_image(volume) / 5).clip(0, 255).astype(dtype))
                for volume in (reference, test)
            )
        for threads in (1, 2):
            result = latent_sr.compare(reference, test, axis=2, metrics=list(OPTIONAL_METRICS), threads=threads)
            slices = result.pop("slices")
            for name, value in result.items():
                text = json.dumps(value, sort_keys=True).encode()
                yield f"metric {name} of {dtype}, {threads} threads", np.frombuffer(text, "uint8")
            for name, values in slices.items():
                yield f"{name} of the slices of {dtype}, {threads} threads", np.array(values)


def recovered() -> Iterator[tuple[str, np.ndarray]]:
    """Yield volumes that the experiment recovers by interpolation, and its sums for the residual gain."""
    image = phantom((9, 80, 70), "int16", 4, (1.4, 1.4, 8.0))
    experiment = itk.SliceRecoveryExperiment[type(image)].New()
    experiment.SetImage(image)
    experiment.Prepare()
    for method in experiment.GetInterpolationMethods():
        yield f"recover by {method}", itk.array_from_image(experiment.RecoverByInterpolation(method))
    sums = experiment.ComputeResidualGainSums(latent_sr.load_model())
    yield "sums of the residual gain", np.array(sums)


def trained() -> Iterator[tuple[str, np.ndarray]]:
    """Yield volumes that were decoded with the models of short trainings."""
    image = phantom((7, 90, 77), "float32", 5, (1.4, 1.4, 8.0))
    for preset in ("default", "paper"):
        settings = {"patch-size": 32, "batch-size": 4}
        for threads in (1, 2):
            model = latent_sr.train(
                [image],
                preset=preset,
                settings=settings,
                iterations=6,
                validation=[image] if preset == "default" else [],
                threads=threads,
            )
            thin = latent_sr.upsample(image, model=model, mode="decoded", threads=1)
            yield f"train {preset}, {threads} threads", itk.array_from_image(thin)


def main() -> None:
    """Print one line per result."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    for part in (upsampled, measured, recovered, trained):
        for name, array in part():
            print(f"{name}: {digest(array)}", flush=True)


if __name__ == "__main__":
    main()
