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
"""Peak memory of a training on many files with a limited cache.

    python benchmarks/training_memory.py [--files 200] [--cache 256] [--iterations 60]

Volumes of 256 x 256 x 12 pixels are written to a temporary folder; each takes 3 MiB in single precision. A small
network is trained on them, and each iteration reads a new volume into the cache. Printed are the resident memory before
the training, its peak, and the memory of all volumes together.
"""

import argparse
import tempfile
from pathlib import Path

import itk
import numpy as np
from filter_memory import memory, reset_peak
from latent_sr.training import make_trainer, run_trainer


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--cache", type=int, default=256, help="MiB")
    parser.add_argument("--iterations", type=int, default=60)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    model = itk.AutoencoderModel.New()
    model.SetNumberOfPoolings(2)
    model.SetBaseChannels(8)
    model.SetLatentLevels([1])
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / f"{number}.mha") for number in range(arguments.files)]
        for name in files:
            image = itk.image_from_array(generator.integers(0, 1000, (12, 256, 256)).astype(np.int16))
            image.SetSpacing([1.4, 1.4, 8.0])
            itk.imwrite(image, name)

        def train(names: list[str]) -> None:
            trainer = make_trainer(
                names, iterations=arguments.iterations, initial_model=model, cache=arguments.cache, threads=2
            )
            trainer.SetVolumeInterval(1)
            run_trainer(trainer)

        train(files[:3])  # allocates what a training needs in addition to volumes
        before = memory("VmRSS")
        reset_peak()
        train(files)
        all_volumes = 12 * 256 * 256 * 4 / 2**20 * arguments.files
        peak = memory("VmHWM")
        print(
            f"{arguments.files} files, cache {arguments.cache} MiB: {before:.0f} MiB before, peak {peak:.0f} MiB, "
            f"{peak - before:.0f} MiB more; all volumes would take {all_volumes:.0f} MiB"
        )


if __name__ == "__main__":
    main()
