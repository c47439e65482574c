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
"""What a model gains over linear interpolation, by the distance of the slices.

    python benchmarks/slice_distances.py DATA [--model M] [--mode MODE]

DATA is the folder with ``cardiac``, ``brain`` and others that the model card names. The volumes are those of
``models/held-out.json``, which no model was trained on. Thin slices of T1 and CT are dropped so that slices at 1.3 to
15 mm remain; of stacks of thick slices, every other slice is kept. The slices are not made thicker. Each line has the
distance of the kept slices, the PSNR and SSIM of linear interpolation, and for B-spline interpolation and each mode the
differences to these.
"""

import argparse
from pathlib import Path

from latent_sr import evaluate
from latent_sr.enumerations import MODES

THIN = "thin T1", "brain/studyforrest/*.nii.gz", 2
VOLUMES = [
    *[(*THIN, keep_every) for keep_every in (2, 3, 4, 6, 10, 15)],
    *[("thin CT", "ct/*.nii.gz", 2, keep_every) for keep_every in (2, 3, 4, 6, 10)],
    ("brain, FLAIR, T1, T2", "brain/ljubljana/patient0[49]_*", None, 2),
    ("fetal T2", "fetal/sub-01_run-5_*", None, 2),
    ("brain T2", "brain/openfmri/sub-1[1-4].*", None, 2),
    ("spinal cord", "spine/sub-05_*", None, 2),
    ("abdomen T2", "abdomen/*part3*", None, 2),
    ("cardiac, AutoFD", "cardiac/autofd/subject[FG]_*", None, 2),
]


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", action="append", help="a model file; may be repeated (default: the bundled model)")
    parser.add_argument("--mode", action="append", choices=MODES, help="may be repeated (default: auto and decoded)")
    arguments = parser.parse_args()
    for title, pattern, axis, keep_every in VOLUMES:
        files = sorted(arguments.data.glob(pattern))
        if not files:
            parser.error(f"'{arguments.data}' has no file {pattern}")
        result = evaluate(
            files,
            models=arguments.model or [None],
            modes=arguments.mode or ["auto", "decoded"],
            methods=["linear", "bspline", "latent"],
            keep_every=keep_every,
            axis=axis,
            crop=128,
        )
        distance = (
            keep_every * sum(volume["spacing_mm"][volume["slice_axis"]] for volume in result["volumes"]) / len(files)
        )
        means = {name: [metrics[m]["mean"] for m in ("psnr", "ssim")] for name, metrics in result["summary"].items()}
        psnr, ssim = means.pop("linear")
        cells = [f"{name} {p - psnr:+.2f} dB {s - ssim:+.4f}" for name, (p, s) in means.items()]
        print(f"{title}, {distance:.1f} mm: linear {psnr:.2f} dB {ssim:.4f}; {'; '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
