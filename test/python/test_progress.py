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
"""Progress on stderr."""

import io

from latent_sr.progress import LateProgress


def test_short_work_says_nothing():
    stream = io.StringIO()
    with LateProgress("reading", "files", stream, delay=60) as progress:
        for done in range(1, 11):
            progress.update(done, 10)
    assert stream.getvalue() == ""


def test_long_work_is_told_in_lines_and_each_part_from_its_beginning():
    stream = io.StringIO()
    with LateProgress("reading", "files", stream, delay=0) as progress:
        for part in range(2):
            for done in range(1, 11):
                progress.update(done, 10)
            assert stream.getvalue().count("reading: 100 % (10 of 10 files") == part + 1
