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
"""``latent-sr info``."""

import json
import os
import subprocess

import latent_sr
import pytest
from conftest import command


def test_a_model_file_is_described_in_lines(latent_sr_run, tiny_model):
    result = latent_sr_run("info", tiny_model)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "architecture: poolings: 2" in lines
    assert "architecture: levels: 1" in lines
    assert "provenance: license: none, it is a test" in lines


def test_a_model_file_is_described_as_json(latent_sr_run, tiny_model, tmp_path):
    description = json.loads(latent_sr_run("info", tiny_model, "--json", "-").stdout)
    assert description["format"] == "latent-sr/model/2"
    assert description["preprocessing"]["in_plane_spacing_mm"] == 1.4
    assert description == latent_sr.describe_model(latent_sr.load_model(tiny_model))
    assert latent_sr_run("info", tiny_model, "--json", tmp_path / "i.json").returncode == 0
    assert json.loads((tmp_path / "i.json").read_text()) == description


def test_the_bundled_model_is_described_without_a_file_name(latent_sr_run):
    result = latent_sr_run("info", "--json", "-")
    if result.returncode == 1:
        assert "without a bundled model" in result.stderr
    else:
        assert json.loads(result.stdout)["has_weights"] is True


@pytest.mark.skipif(os.name == "nt", reason="pipes end in another way")
def test_a_reader_that_closes_the_pipe_gets_no_error(tiny_model):
    words = [*command(), "info", str(tiny_model)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141
