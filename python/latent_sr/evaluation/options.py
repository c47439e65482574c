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
"""The options of an evaluation, for Python and the command line."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from latent_sr.enumerations import DEFAULT_MODE, DEFAULT_PRECISION, MODES
from latent_sr.errors import UsageError
from latent_sr.evaluation.methods import DEFAULT_METHODS, check_methods
from latent_sr.evaluation.subjects import compile_subject
from latent_sr.metrics import DEFAULT_METRICS, OPTIONAL_SLICE_METRICS
from latent_sr.parallel import check_parallel
from latent_sr.upsampling import check_orientations, check_slice_thickness
from latent_sr.volumes import DEFAULT_READING, ReadOptions

ALWAYS_MEASURED = ("mse", "psnr")


def check_metrics(metrics: Sequence[str]) -> None:
    """Refuse metrics that slices do not have.

    Raises
    ------
    UsageError
        For a name that is not one of ``OPTIONAL_SLICE_METRICS``.
    """
    for name in metrics:
        if name not in OPTIONAL_SLICE_METRICS:
            raise UsageError(f"metric is '{name}', but has to be one of {', '.join(OPTIONAL_SLICE_METRICS)}")


@dataclass(frozen=True)
class EvaluationOptions:
    """How slices are dropped, recovered and measured.

    Attributes
    ----------
    keep_every
        Every k-th slice is kept; at least 2. Default 2.
    crop
        Side of the central in-plane square that is used, in pixels. Default 0: no crop.
    models
        Model files; None is the bundled model. Default: the bundled model.
    modes
        Output modes of the models: see ``UpsampleOptions``. Default: "auto".
    methods
        Names of ``INTERPOLATION_METHODS``, and "latent" for the models. Default: ``DEFAULT_METHODS``.
    metrics
        Names of ``OPTIONAL_SLICE_METRICS`` to measure beside MSE and PSNR. Default: "ssim" and "vifp". They are left
        out, with a note, where slices or planes are too small. Each is tested, so more of them make a larger family.
    subject
        Regular expression whose first group, matched in the path, is the name of the subject. Default: each file is a
        subject.
    axis
        The through-plane axis, 0 to 2. Default: the axis that the file specifies, else that of the largest spacing.
    slice_thickness
        Full width at half maximum, in mm, of a Gaussian along the slice axis, which simulates thick slices of a thin
        stack. Volumes are blurred before slices are dropped; the truth is not blurred. The models get the value as the
        slice thickness. Default 0: no blur, and the thickness is not known.
    orientations
        As for ``UpsampleOptions``.
    mask
        A file for all volumes, or a folder with a file of the same name for each volume. Metrics are measured where
        the mask is not zero. Metrics that combine neighbors, scales or frequencies (all but MSE, PSNR and SSIM) are
        always measured on whole slices. Default: all pixels.
    reading
        Which series of DICOM folders and which phase of 4D volumes are read, and the value that replaces NaN. Default:
        the only series, all phases, NaN is refused.
    precision, device
        As for ``UpsampleOptions``.
    threads
        Number of threads of ITK's filters and of the metrics. Default: ITK's. The network always runs on one thread, so
        that its results do not depend on the number of threads; more jobs use more processors.
    jobs
        Number of processes on this machine, which evaluate files at the same time and share the threads. Default 1:
        this process. A script with more than one job needs the guard ``if __name__ == "__main__":``.
    scheduler
        Address of a Dask scheduler, such as ``tcp://host:8786``, whose workers evaluate the files instead. They need
        the same files at the same absolute paths. Default: none.
    """

    keep_every: int = 2
    crop: int = 0
    models: Sequence[str | os.PathLike | None] = (None,)
    modes: Sequence[str] = (DEFAULT_MODE,)
    methods: Sequence[str] = DEFAULT_METHODS
    metrics: Sequence[str] = DEFAULT_METRICS
    subject: str | None = None
    axis: int | None = None
    slice_thickness: float = 0.0
    orientations: int = 1
    mask: str | os.PathLike | None = None
    reading: ReadOptions = DEFAULT_READING
    precision: str = DEFAULT_PRECISION
    device: str = "cpu"
    threads: int | None = None
    jobs: int = 1
    scheduler: str | None = None

    @property
    def measured(self) -> tuple[str, ...]:
        """The names of all metrics that are measured, each once."""
        return (*ALWAYS_MEASURED, *dict.fromkeys(self.metrics))

    def check(self) -> None:
        """Check the options that do not depend on the volumes.

        Raises
        ------
        UsageError
            With the parameter, its value and what is allowed.
        """
        check_methods(self.methods)
        check_parallel(self.jobs, self.scheduler)
        if self.keep_every < 2:
            raise UsageError(f"keep_every is {self.keep_every}, but has to be at least 2")
        if self.crop < 0:
            raise UsageError(f"crop is {self.crop} pixels, but has to be at least 0")
        check_orientations(self.orientations)
        check_slice_thickness(self.slice_thickness)
        for mode in self.modes:
            if mode not in MODES:
                raise UsageError(f"mode is '{mode}', but has to be one of {', '.join(MODES)}")
        check_metrics(self.metrics)
        compile_subject(self.subject)
