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
"""The command as a module of 3D Slicer: its description, and a call as Slicer makes it."""

import re
from xml.etree import ElementTree

import latent_sr
import pytest
from conftest import phantom, write_nifti
from latent_sr.enumerations import MODES


@pytest.fixture
def module(latent_sr_run):
    result = latent_sr_run("--xml")
    assert (result.returncode, result.stderr) == (0, "")
    return ElementTree.fromstring(result.stdout.encode())


def call_with_defaults(module, source, output):
    """The words with which Slicer calls the module if its panel is left as it is."""
    words, files = [], {}
    for parameter in module.iterfind("parameters/*"):
        flag, default = parameter.findtext("longflag"), parameter.findtext("default")
        if parameter.find("index") is not None:
            files[int(parameter.findtext("index"))] = {"input": source, "output": output}[parameter.findtext("channel")]
        elif parameter.tag == "boolean":
            words += [flag] if default == "true" else []
        elif flag is not None:
            words += [flag, default]
    return [*words, *(files[number] for number in sorted(files))]


def test_the_description_has_what_slicer_needs_in_its_order(module):
    assert module.tag == "executable"
    assert [child.tag for child in module][:7] == [
        "category",
        "title",
        "description",
        "version",
        "documentation-url",
        "license",
        "contributor",
    ]
    names = [name.text for name in module.iterfind("parameters/*/name")]
    assert len(names) == len(set(names))
    assert all(re.fullmatch("[A-Za-z_]+", name) for name in names)
    modes = [element.text for element in module.iterfind("parameters/string-enumeration/element")]
    assert modes == list(MODES)


def test_a_call_of_slicer_upsamples_and_reports_progress(module, latent_sr_run, tmp_path):
    source = write_nifti(tmp_path / "in.nii", phantom())
    output = tmp_path / "out.nrrd"
    output.write_text("Slicer's temporary files may exist")
    words = call_with_defaults(module, source, output)
    assert "--slicer" in words
    result = latent_sr_run(*words)
    assert result.returncode == 0, result.stderr
    assert latent_sr.read_volume(output).GetLargestPossibleRegion().GetSize()[2] == 13
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.nii", "out.nrrd"]
    lines = result.stdout.splitlines()
    assert "<filter-start><filter-name>upsampling</filter-name></filter-start>" in lines
    shares = [float(share) for share in re.findall("<filter-progress>(.*)</filter-progress>", result.stdout)]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert "<filter-end><filter-name>upsampling</filter-name></filter-end>" in lines
    # The next command of the process prints progress as usual.
    assert "<filter" not in latent_sr_run("upsample", source, tmp_path / "b.nii").stdout


def test_an_error_of_a_call_is_one_line(module, latent_sr_run, tmp_path):
    result = latent_sr_run(*call_with_defaults(module, tmp_path / "none.nii", tmp_path / "out.nrrd"))
    assert result.returncode == 1
    assert result.stderr.startswith("latent-sr: error: ")
    assert len(result.stderr.splitlines()) == 1
