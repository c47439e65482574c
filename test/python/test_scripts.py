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
"""What the scripts of the checkout have in common."""

import subprocess

from conftest import REPOSITORY


def path_in_scripts(path, tmp_path):
    """The variable PATH after a script of a copy of the folder ``scripts`` has started."""
    scripts = tmp_path / "scripts"
    scripts.mkdir(exist_ok=True)
    (scripts / "common.sh").write_bytes((REPOSITORY / "scripts" / "common.sh").read_bytes())
    (scripts / "show.sh").write_text('source "$(dirname "$0")/common.sh"\necho "$PATH"\n', encoding="utf-8")
    words = ["/bin/bash", str(scripts / "show.sh")]
    shown = subprocess.run(words, env={"PATH": path}, capture_output=True, text=True, check=True)
    return shown.stdout.strip()


def test_the_environments_of_the_checkout_do_not_make_themselves(tmp_path):
    for name in (".venv", ".venv-test", "venv"):
        (tmp_path / name / "bin").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / ".venv")
    others = "/usr/bin:/bin"
    own = f"{tmp_path}/.venv/bin:{link}/bin:{tmp_path}/.venv-test/bin"
    assert path_in_scripts(f"{own}:{others}", tmp_path) == others
    assert path_in_scripts(f"{tmp_path}/venv/bin:{others}", tmp_path) == f"{tmp_path}/venv/bin:{others}"
