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
"""The report of invented results."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from latent_sr.errors import LatentSRError
from latent_sr.evaluation.methods import INTERPOLATION_METHODS
from latent_sr.evaluation.recover import GalleryEntry, LongAxisView
from latent_sr.evaluation.report import describe_interpolation, render_report, summary_sentence
from latent_sr.evaluation.run import Evaluation, Pictures
from latent_sr.evaluation.tables import as_csv, as_table
from latent_sr.evaluation.worst import WorstCases

VALUES = {"linear": 0.4, "linear-blur": 0.45, "latent": 0.5}
METRICS = ("mse", "psnr", "ssim", "vifp")


def made_up_result(subjects: int = 5, better: bool = True) -> dict:
    """Return a result in the form of SCHEMA.md."""
    values = dict(VALUES, latent=0.5 if better else 0.3)
    numbers = [1, 3]

    def scores(method: str, subject: int) -> dict:
        value = values[method] + 0.01 * subject
        return {"mse": 1 - value, "psnr": 40 * value, "ssim": value, "vifp": None}

    def record(mean: dict) -> dict:
        return {
            "slices": {name: [value] * 2 for name, value in mean.items()},
            "mean": mean,
            "kept": {"slices": {name: [value] * 3 for name, value in mean.items()}, "mean": mean},
            "long_axis": {"axes": {"0": mean, "1": mean}, "mean": mean},
            "seconds": 0.25,
        }

    volumes = [
        {
            "path": f"cohort/<{subject}>.nii.gz",
            "frame": None,
            "subject": f"<{subject}>",
            "size": [40, 40, 5],
            "spacing_mm": [1.4, 1.4, 8.0],
            "slice_axis": 2,
            "window": [0.0, 900.0],
            "measured_size": [40, 40],
            "slice_numbers": numbers,
            "kept_slice_numbers": [0, 2, 4],
            "mask": None,
            "methods": {method: record(scores(method, subject)) for method in values},
            "notes": ["VIFp is left out: slices of 40 x 40 pixels are smaller than 41 pixels"],
        }
        for subject in range(subjects)
    ]
    summary = {}
    for method in values:
        summary[method] = {}
        for name in METRICS:
            column = [volume["methods"][method]["mean"][name] for volume in volumes]
            known = column[0] is not None
            summary[method][name] = {
                "n": subjects if known else 0,
                "mean": float(np.mean(column)) if known else None,
                "sd": float(np.std(column, ddof=1)) if known else None,
                "median": float(np.median(column)) if known else None,
            }
    tests = [
        {
            "metric": name,
            "method": "latent",
            "against": other,
            "n": subjects,
            "n_nonzero": subjects,
            "statistic": 15.0,
            "p": 0.03125,
            "exact": True,
            "mean_difference": 0.05,
            "median_difference": 0.05 if better else -0.15,
            "hodges_lehmann": 0.04 if better else -0.14,
            "p_holm": 0.1875,
        }
        for name in METRICS[:3]
        for other in ("linear", "linear-blur")
    ]
    return {
        "schema": "latent-sr/evaluation/2",
        "created": "2030-01-01T00:00:00+00:00",
        "versions": {"latent_sr": "1.0", "itk": "5.4.7"},
        "settings": {
            "keep_every": 2,
            "crop": 0,
            "slice_thickness_mm": 0.0,
            "orientations": 1,
            "mask": None,
            "data_range": 1.0,
            "methods": list(values),
            "modes": ["decoded"],
            "subject": None,
            "axis": "auto",
            "precision": "float32",
            "device": "cpu",
            "threads": None,
            "jobs": 1,
            "scheduler": None,
        },
        "metrics": [
            {"name": "mse", "label": "MSE", "unit": "", "better": "lower"},
            {"name": "psnr", "label": "PSNR", "unit": "dB", "better": "higher"},
            {"name": "ssim", "label": "SSIM", "unit": "", "better": "higher"},
            {"name": "vifp", "label": "VIFp", "unit": "", "better": "higher"},
        ],
        "methods": [
            {
                "name": method,
                "kind": "model" if method == "latent" else "interpolation",
                "model": "bundled" if method == "latent" else None,
                "mode": "decoded" if method == "latent" else None,
            }
            for method in values
        ],
        "models": [
            {"name": "bundled", "architecture": {"poolings": 4}, "parameters": 7, "provenance": {"license": "<x>"}}
        ],
        "volumes": volumes,
        "subjects": [
            {
                "subject": volume["subject"],
                "volumes": [number],
                **{
                    f"mean{part}": {method: record["mean"] for method, record in volume["methods"].items()}
                    for part in ("", "_kept", "_long_axis")
                },
            }
            for number, volume in enumerate(volumes)
        ],
        "summary": summary,
        "summary_kept": summary,
        "summary_long_axis": summary,
        "tests": tests,
        "p_adjustment": {"procedure": "Holm", "family": "all", "sizes": {"latent": 6}},
        "notes": volumes[0]["notes"],
    }


def made_up_pictures() -> Pictures:
    generator = np.random.default_rng(0)
    truth = generator.random((40, 30), np.float32)
    scores = {method: {"ssim": value} for method, value in VALUES.items()}
    entry = GalleryEntry("<0>", "cohort/<0>.nii.gz", 1, truth, dict.fromkeys(VALUES, truth * 0.9), scores)
    before = generator.random((5, 40), np.float32)
    after = dict.fromkeys(VALUES, np.repeat(before, 5, axis=0)[2:-2])
    view = LongAxisView("cohort/<0>.nii.gz", before, after, 8.0, 1.6, 1.4)
    worst = [
        WorstCases("loss", "latent", "linear-blur", "ssim", [entry]),
        WorstCases("lowest", "latent", None, "ssim", [entry]),
    ]
    return Pictures([entry], view, worst)


class Document(HTMLParser):
    """Collects the elements of a document and checks that they are closed."""

    VOID = ("meta", "img", "br", "link", "input", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def assert_self_contained(text: str) -> Document:
    """Assert that the document refers to no other file, and that every element is closed."""
    document = Document(text)
    assert document.open == []
    tags = {tag for tag, _ in document.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed"}
    assert not re.search(r"https?:|//[a-z]|@import", re.sub(r"base64,[A-Za-z0-9+/=]*", "", text))
    for _, attributes in document.elements:
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), value
    identifiers = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    references = set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", text))
    assert references <= set(identifiers)
    return document


def test_the_report_is_one_file_that_needs_nothing_else():
    text = render_report(Evaluation(made_up_result(), made_up_pictures()))
    document = assert_self_contained(text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    images = [attributes for tag, attributes in document.elements if tag == "img"]
    assert len(images) == 3 * (1 + 3 + 3) + 1 + 3
    assert all(attributes.get("alt") for attributes in images)
    figures = [attributes for tag, attributes in document.elements if tag == "svg"]
    # The ticks of long-axis pictures are described in words.
    figures = [attributes for attributes in figures if "aria-hidden" not in attributes]
    assert len(figures) == 3  # VIFp was not measured
    assert all(attributes.get("aria-label") and attributes.get("role") == "img" for attributes in figures)


def test_names_are_escaped():
    text = render_report(Evaluation(made_up_result(), made_up_pictures()))
    assert "&lt;0&gt;" in text
    assert "<0>" not in text


def test_figures_take_the_color_of_the_text():
    text = render_report(made_up_result())
    assert "currentColor" in text
    assert "#010203" not in text


def test_the_best_values_are_bold():
    text = render_report(made_up_result())
    assert re.findall(r"<strong>([^<]*)</strong>", text) == 3 * ["0.48000", "20.80", "0.5200"]


def test_values_that_are_equal_after_rounding_are_all_bold():
    result = made_up_result()
    result["summary_kept"] = {
        method: {name: {"n": 5, "mean": value, "sd": 0.0, "median": value} for name, value in scores.items()}
        for method, scores in {
            "linear": {"mse": 0.0, "psnr": "Infinity", "ssim": 1.0, "vifp": None},
            "linear-blur": {"mse": 0.003, "psnr": 25.0, "ssim": 0.8, "vifp": None},
            "latent": {"mse": 1e-15, "psnr": 150.0, "ssim": 1 - 1e-9, "vifp": None},
        }.items()
    }
    kept = render_report(result).split("means-1")[2].split("</table>")[0]
    assert re.findall(r"<strong>([^<]*)</strong>", kept) == ["0.00000", "inf", "1.0000", "0.00000", "1.0000"]


def test_the_report_says_how_p_values_were_adjusted():
    text = " ".join(render_report(made_up_result()).split())
    assert "procedure for the family of all 6 tests in this table" in text
    assert "Hodges-Lehmann" in text
    assert text.count("<td>0.19</td>") == 6


def test_worst_cases_say_by_which_rule_they_were_chosen():
    text = " ".join(render_report(Evaluation(made_up_result(), made_up_pictures())).split())
    assert "on which latent, the best model, loses most SSIM against linear-blur, the best interpolation" in text
    assert "slice 1: SSIM +0.0500 against linear-blur" in text
    assert "The dropped slices with the lowest SSIM of latent" in text
    assert "slice 1: SSIM 0.5000" in text


def test_every_method_has_a_long_axis_view():
    text = render_report(Evaluation(made_up_result(), made_up_pictures()))
    section = text.split("Along the slice axis")[1]
    for method in VALUES:
        assert f"{method}, 1.6 mm" in section


def test_ticks_mark_the_middle_of_each_acquired_slice_before_and_after():
    text = render_report(Evaluation(made_up_result(), made_up_pictures()))
    section = text.split("Along the slice axis")[1]
    assert "Ticks at both sides mark each acquired slice." in section
    drawings = re.findall(r'<svg viewBox="0 0 1 5".*?</svg>', section)
    assert len(drawings) == 1 + len(VALUES)
    assert all(re.findall(r'd="M0 ([\d.]+)H1"', drawing) == ["0.5", "1.5", "2.5", "3.5", "4.5"] for drawing in drawings)
    places = re.findall(r"top: ([\d.]+)%; height: ([\d.]+)%", section)
    for (top, height), rows in zip(places, [5, *(21 for _ in VALUES)], strict=True):
        middles = [float(top) + float(height) * (row + 0.5) / rows for row in range(0, rows, (rows - 1) // 4)]
        assert middles == pytest.approx([10, 30, 50, 70, 90], abs=0.01)
    assert "the first one and every 5th one after it lie at acquired slices, the others were synthesized" in section
    # Ticks lie behind the pictures, and have the color of the text.
    assert all("<svg" in part and part.index("<svg") < part.index("<img") for part in section.split("<figure>")[1:])
    assert "stroke: var(--text)" in text


def test_ticks_keep_their_distance_if_slices_are_many():
    pictures = made_up_pictures()
    before = np.zeros((100, 150), np.float32)
    pictures.long_axis = LongAxisView("<0>.nii.gz", before, {"latent": np.zeros((199, 150))}, 1.5, 0.75, 1.5)
    section = render_report(Evaluation(made_up_result(), pictures)).split("Along the slice axis")[1]
    assert "Ticks at both sides mark every 3rd acquired slice." in section
    drawing = section.split("</svg>")[0]
    assert [float(place) for place in re.findall(r'd="M0 ([\d.]+)H1"', drawing)] == list(np.arange(0.5, 100, 3))


# Expected error -------------------------------------------------------------------------------------------------------


def with_expected_error(method: str = "latent") -> Evaluation:
    """A result and pictures of a model that is calibrated."""
    result, pictures = made_up_result(), made_up_pictures()
    summary = {
        "rank_correlation": {"n": 5, "mean": 0.75, "sd": 0.0625, "median": 0.7},
        "share_below_90": {"n": 5, "mean": 0.9125, "sd": None, "median": 0.9},
        "error_ratio": {"n": 5, "mean": 1.0625, "sd": None, "median": 1.0},
    }
    result["methods"][-1]["name"] = method
    for part in ("summary", "summary_kept", "summary_long_axis"):
        result[part] = {(method if name == "latent" else name): value for name, value in result[part].items()}
    for subject in result["subjects"]:
        subject["mean"] = {(method if name == "latent" else name): v for name, v in subject["mean"].items()}
    result["summary_expected_error"] = {method: summary}
    result["models"][0]["training"] = {"error_calibration": {"difference": 0.7, "gap": 0.2, "quantile_90": 2.25}}
    errors = np.tile(np.arange(30, dtype=np.float32) / 50, (40, 1))
    entry = GalleryEntry("<0>", "cohort/<0>.nii.gz", 1, np.zeros((40, 30)), {method: errors})
    entry.expected[method] = errors / 2
    pictures.gallery = [entry]
    pictures.worst = []
    return Evaluation(result, pictures)


def expected_section(evaluation: Evaluation | dict) -> str:
    text = render_report(evaluation)
    assert_self_contained(text)
    return " ".join(text.split("<h2>Expected error</h2>")[1].split("<h2>")[0].split())


def test_the_figures_of_the_expected_error_are_a_table():
    rows = re.findall(r"<tr>(<th scope=.row.*?)</tr>", expected_section(with_expected_error()))
    cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.split(r"</t[hd]>", rows[0])]
    assert cells == ["latent", "0.75 (0.06)", "2.25", "91.2 %", "1.06", ""]
    assert len(rows) == 1


def test_the_factor_of_several_orientations_is_that_of_their_calibration():
    evaluation = with_expected_error()
    evaluation.result["settings"]["orientations"] = 8
    assert ">2.25<" in expected_section(evaluation)
    evaluation.result["models"][0]["training"]["error_calibration_with_spread"] = {"quantile_90": 2.75}
    assert ">2.75<" in expected_section(evaluation)


def test_true_and_expected_error_share_a_color_scale():
    imread = pytest.importorskip("matplotlib.image").imread
    section = expected_section(with_expected_error())
    found = re.findall(r'src="data:image/png;base64,([^"]+)" alt="([^"]+)"', section)
    assert [words for _, words in found] == [
        "slice 1 of &lt;0&gt;, recovered by latent",
        "slice 1 of &lt;0&gt;: latent minus truth",
        "slice 1 of &lt;0&gt;: absolute error of latent, mean 0.290",
        "slice 1 of &lt;0&gt;: expected error of latent, mean 0.145, to compare with its absolute error; their rank "
        "correlation is 1.00",
    ]
    true, expected = (imread(io.BytesIO(base64.b64decode(data)), format="png") for data, _ in found[2:])
    # The expected error is half the true one, so that a color is found twice as far to the right.
    np.testing.assert_array_equal(expected[:, ::2], true[:, :15])
    assert true[:, :, :3].std() > 0.1
    assert 'aria-label="Color scale of both error maps: from black, 0, to light yellow, 0.60 or more"' in section


def test_the_pictures_of_the_expected_error_are_explained():
    section = expected_section(with_expected_error())
    assert "Absolute and expected error have one color scale: black is no error" in section
    assert "absolute error, mean 0.290" in section
    assert "expected error, mean 0.145" in section


def test_the_expected_error_of_a_json_file_has_no_pictures():
    section = expected_section(with_expected_error().result)
    assert "<table" in section
    assert "<img" not in section
    assert "color scale" not in section


def test_a_result_without_an_expected_error_has_no_such_section():
    text = render_report(Evaluation(made_up_result(), made_up_pictures()))
    assert "xpected error" not in text
    assert "xpected error" not in render_report({**made_up_result(), "summary_expected_error": {}})


def test_names_of_models_are_escaped_beside_the_expected_error():
    text = render_report(with_expected_error("latent:<script>:auto"))
    assert "<script>" not in text
    section = text.split("<h2>Expected error</h2>")[1]
    assert section.count("latent:&lt;script&gt;:auto") >= 6


def test_every_interpolation_method_is_described():
    described = [describe_interpolation(name) for name in INTERPOLATION_METHODS]
    assert all(described)
    assert describe_interpolation("bspline5") == "B-spline interpolation of order 5"
    assert describe_interpolation("lanczos4") == "windowed sinc interpolation, Lanczos window of radius 4"
    assert describe_interpolation("unheard-of") == ""


def test_a_result_of_another_version_is_refused():
    with pytest.raises(LatentSRError, match=r"evaluation/1', but has to have 'latent-sr/evaluation/2'"):
        render_report({**made_up_result(), "schema": "latent-sr/evaluation/1"})


def test_a_report_can_be_made_of_a_json_file_alone():
    text = render_report(made_up_result())
    assert_self_contained(text)
    assert "Recovered slices" not in text


def test_the_summary_names_the_best_model_and_the_best_other_method():
    sentence = summary_sentence(made_up_result())
    assert sentence.count(".") >= 1
    assert "5 subjects" in sentence
    assert "latent recovered dropped slices with a mean SSIM of 0.5200, against 0.4700 of linear-blur" in sentence
    assert "+0.0500" in sentence
    assert "p = 0.031, adjusted by Holm's procedure 0.19, n = 5" in sentence


def without_ssim(result: dict) -> dict:
    """The same with MAEG instead of SSIM, lower values of which are better."""
    result["metrics"][2] = {"name": "maeg", "label": "MAEG", "unit": "", "better": "lower"}
    for volume in result["volumes"]:
        for record in volume["methods"].values():
            for values in (record["slices"], record["mean"], record["kept"]["slices"], record["kept"]["mean"]):
                values["maeg"] = values.pop("ssim", values.get("maeg"))
    for summary in result["summary"].values():
        summary["maeg"] = summary.pop("ssim")
    for test in result["tests"]:
        test["metric"] = test["metric"].replace("ssim", "maeg")
    return result


def test_the_report_is_made_of_the_metrics_of_the_result():
    text = render_report(without_ssim(made_up_result()))
    assert "MAEG" in text
    assert "SSIM" not in text
    # The lowest MAEG, that of linear interpolation, is the best.
    assert re.findall(r"<strong>([^<]*)</strong>", text) == 3 * ["0.4200", "0.48000", "20.80"]


def test_the_summary_is_about_the_psnr_without_ssim():
    assert "with a mean PSNR of 20.80 dB, against 18.80 dB" in summary_sentence(without_ssim(made_up_result()))


def test_the_summary_says_if_the_model_is_worse():
    sentence = summary_sentence(made_up_result(better=False))
    assert "of 0.3200, against 0.4700 of linear-blur" in sentence
    assert "-0.1500" in sentence


def test_the_table_is_aligned_and_shows_missing_values():
    lines = as_table(made_up_result()).splitlines()
    assert lines[0].startswith("5 subjects, 5 volumes, 10 slices recovered (every 2nd slice kept)")
    rows = [line for line in lines if line.startswith(("linear ", "linear-blur", "latent "))]
    assert len({len(row) for row in rows[:3]}) == 1
    assert lines[-1].startswith("note: VIFp is left out")


def test_the_csv_file_has_a_row_for_each_slice_and_method():
    lines = as_csv(made_up_result()).splitlines()
    assert lines[0] == "volume,frame,subject,part,axis,slice,method,mse,psnr,ssim,vifp"
    assert len(lines) == 1 + 5 * (2 + 3 + 2) * 3
    assert lines[1] == "cohort/<0>.nii.gz,,<0>,dropped,2,1,linear,0.6,16.0,0.4,"
    assert lines[3] == "cohort/<0>.nii.gz,,<0>,kept,2,0,linear,0.6,16.0,0.4,"
    assert lines[6] == "cohort/<0>.nii.gz,,<0>,long-axis,0,,linear,0.6,16.0,0.4,"


def test_the_methods_of_interpolation_are_those_of_the_experiment():
    """The command line has its own list, because loading the experiment takes seconds."""
    import itk

    methods = itk.SliceRecoveryExperiment[itk.Image[itk.F, 3]].GetInterpolationMethods()
    assert tuple(methods) == INTERPOLATION_METHODS
