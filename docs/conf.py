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
"""The site of the documentation, for Sphinx. scripts/docs.sh builds it.

The pages are Markdown that can also be read in the repository. Therefore their links to files outside of this folder
are relative there, and lead to the repository on the site.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import latex2mathml.converter
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parent
ADDRESS = "https://github.com/InsightSoftwareConsortium/ITKLatentSpaceSuperResolution"

PAGES = {"python/latent_sr/SCHEMA.md": "/evaluation-result.md"}
"""Files outside of this folder that a page includes."""

version = re.search(r"VERSION ([0-9.]+)\)", (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
release = version
project = "ITKLatentSpaceSuperResolution"
author = "The ITKLatentSpaceSuperResolution developers"
copyright = "NumFOCUS"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "breathe",
]
nitpicky = False

# Markdown. The notebook is stored with its outputs, and a test runs it.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"

# Python. The docstrings are those of numpydoc.
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_mock_imports = ["monai", "torchio"]  # they are only needed as base classes
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_preprocess_types = False

# C++. scripts/docs.sh runs Doxygen first, into the folder that the variable names.
breathe_projects = {"module": os.environ["LATENT_SR_DOXYGEN_XML"]}
breathe_default_project = "module"
breathe_default_members = ("members",)
primary_domain = "py"

# Appearance. Nothing is loaded from other places: fonts are the reader's own, and equations are MathML.
html_theme = "furo"
html_title = "Latent-space super-resolution"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
smartquotes = False  # messages and options are found by their text
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
copybutton_exclude = ".linenos, .gp, .go"


def write_help(application: Sphinx) -> None:
    """Write what the commands print for --help, which the page of the command includes."""
    folder = REPOSITORY / "build" / "docs" / "help"
    folder.mkdir(parents=True, exist_ok=True)

    def help_of(*words: str) -> str:
        command = [sys.executable, "-m", "latent_sr", *words, "--help"]
        environment = {**os.environ, "COLUMNS": "100"}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout

    for name in re.findall(r"^    ([a-z]+) +[a-z]", help_of(), re.MULTILINE):
        (folder / f"{name}.txt").write_text(help_of(name), encoding="utf-8")


def mend_links(application: Sphinx, name: str, source: list[str]) -> None:
    """Lead relative links to files outside of this folder to the repository, or to the page that includes the file."""
    page = (FOLDER / name).parent

    def mended(link: re.Match[str]) -> str:
        path, mark, anchor = link[1].partition("#")
        file = (page / path).resolve()
        if not file.exists():
            raise ValueError(f"{name}: the link leads to no file: {link[1]}")
        if file.is_relative_to(FOLDER):
            return link[0]
        relative = str(file.relative_to(REPOSITORY))
        address = PAGES.get(relative, f"{ADDRESS}/blob/main/{relative}")
        return f"]({address}{mark}{anchor})"

    source[0] = re.sub(r"\]\((\.\./[^)\s]+)\)", mended, source[0])


def visit_math(display: str) -> Callable[[HTML5Translator, nodes.math | nodes.math_block], None]:
    """Make the function that writes an equation as MathML, which browsers show without a script."""

    def visit(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
        translator.body.append(latex2mathml.converter.convert(node.astext(), display=display))
        raise nodes.SkipNode

    return visit


def setup(application: Sphinx) -> None:
    """Register the functions above."""
    application.add_html_math_renderer("mathml", (visit_math("inline"), None), (visit_math("block"), None))
    application.connect("builder-inited", write_help)
    application.connect("source-read", mend_links)
