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
import re
import time

from latent_sr.progress import LateProgress


def test_short_work_shows_no_progress():
    stream = io.StringIO()
    with LateProgress(("reading",), "files", stream, delay=60) as progress:
        for done in range(1, 11):
            progress.update(done, 10)
    assert stream.getvalue() == ""


def test_long_work_shows_progress_in_lines_and_each_part_starts_anew():
    stream = io.StringIO()
    with LateProgress(("reading attributes", "reading pixels"), "files", stream, delay=0) as progress:
        for part in ("attributes", "pixels"):
            for done in range(1, 11):
                progress.update(done, 10)
            assert f"reading {part}: 100 % (10 of 10 files" in stream.getvalue()


def test_the_rate_counts_from_the_start_of_the_work_and_not_of_the_display():
    stream = io.StringIO()
    with LateProgress(("reading",), "files", stream, delay=0.1) as progress:
        progress.update(1, 10)
        time.sleep(0.2)
        progress.update(5, 10)
    (rate,) = re.findall(r"5 of 10 files, ([\d.]+)/s", stream.getvalue())
    assert float(rate) <= 5 / 0.2
