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
"""Super-resolution of stacks of thick slices in the latent space of an autoencoder.

The classes that do the work are in the namespace ``itk``: ``itk.LatentSpaceSuperResolutionImageFilter``,
``itk.AutoencoderTrainer``, ``itk.AutoencoderModel``, ``itk.ImageQualityMetricsCalculator``,
``itk.ShapeBasedLabelInterpolationImageFilter``, ``itk.SliceRecoveryExperiment`` and ``itk.WilcoxonSignedRankTest``.
This package holds what is around them: reading and writing of volumes, evaluation over a cohort, the report, a PyTorch
twin of the network, and the command line ``latent-sr`` (also ``python -m latent_sr``).

>>> import latent_sr
>>> volume = latent_sr.read_volume("thick.nii.gz")
>>> thin = latent_sr.upsample(volume, factor=5)
>>> latent_sr.write_volume(thin, "thin.nii.gz")

``upsample`` also takes images of nibabel and SimpleITK, NumPy arrays, and data arrays of xarray. ``integrations`` has
transforms of MONAI and TorchIO.

Nothing heavy is imported before a function is used.
"""

_LAZY = {
    "LatentSRError": "errors",
    "UsageError": "errors",
    "read_volume": "volumes",
    "open_volume": "volumes",
    "ReadOptions": "volumes",
    "write_volume": "volumes",
    "load_model": "models",
    "describe_model": "models",
    "upsample": "upsampling",
    "UpsampleOptions": "upsampling",
    "upsample_labels": "labels",
    "train": "training",
    "TrainingOptions": "training",
    "evaluate": "evaluation.run",
    "EvaluationOptions": "evaluation.options",
    "best_residual_gain": "calibration",
    "calibrate_errors": "calibration",
    "ErrorCalibration": "calibration",
    "expected_error": "uncertainty",
    "slice_map": "uncertainty",
    "compare": "metrics",
    "render_report": "evaluation.report",
}

__all__ = ["__version__", *_LAZY]


def __getattr__(name: str):
    if name == "__version__":
        from latent_sr.versions import package_version

        return package_version()
    if name in _LAZY:
        from importlib import import_module

        value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
