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
"""Progress on stderr: a bar with rate and remaining time on a terminal, plain lines otherwise."""

import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TextIO

from latent_sr.errors import printable

_is_silent = False


@contextmanager
def silenced() -> Iterator[None]:
    """A context in which no progress is shown, unless it has a stream of its own."""
    global _is_silent
    _is_silent = True
    try:
        yield
    finally:
        _is_silent = False


_is_for_slicer = False


@contextmanager
def for_slicer() -> Iterator[None]:
    """A context in which progress is printed on stdout, in the format that 3D Slicer reads."""
    global _is_for_slicer
    _is_for_slicer = True
    try:
        yield
    finally:
        _is_for_slicer = False


def _tell_slicer(text: str) -> None:
    print(text, flush=True)


def _stream(stream: TextIO | None) -> TextIO:
    """Where progress is shown: on stderr by default."""
    if stream is not None:
        return stream
    return io.StringIO() if _is_silent else sys.stderr


def duration(seconds: float) -> str:
    """A time as text, for example "45 s", "3 min 05 s" or "2 h 10 min"."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class _Shown(AbstractContextManager):
    """A progress display that ends with its context."""

    def close(self) -> None:
        """End the bar."""

    def __exit__(self, *_: object) -> None:
        self.close()


class Progress(_Shown):
    """Progress of a known amount of work.

    Parameters
    ----------
    total
        The total amount.
    label
        What is being done, in one word.
    unit
        What is counted, in the plural.
    stream
        Output stream. Default: stderr.
    """

    def __init__(self, total: float, label: str, unit: str, stream: TextIO | None = None) -> None:
        self.total = total
        self.label = printable(label)
        self.unit = unit
        self.stream = _stream(stream)
        self.start = time.monotonic()
        self.printed = 0
        self.bar: Any = None
        self.is_for_slicer = _is_for_slicer
        if self.is_for_slicer:
            _tell_slicer(f"<filter-start><filter-name>{self.label}</filter-name></filter-start>")
        elif self.stream.isatty():
            from tqdm import tqdm

            self.bar = tqdm(
                total=total,
                desc=self.label,
                unit=f" {unit}",
                file=self.stream,
                dynamic_ncols=True,
                leave=False,
                bar_format="{l_bar}{bar}| {n:.0f}/{total:.0f}{unit} [{elapsed}<{remaining}, {rate_fmt}{postfix}]",
            )

    def update(self, done: float, note: str = "") -> None:
        """Show the amount done so far, with an optional note."""
        note = printable(note)
        if self.bar is not None:
            if note:
                self.bar.set_postfix_str(note, refresh=False)
            self.bar.update(done - self.bar.n)
            return
        if self.is_for_slicer:
            share = min(1.0, done / self.total) if self.total > 0 else 1.0
            _tell_slicer(f"<filter-progress>{share:.4f}</filter-progress>")
            return
        tenth = int(10 * done / self.total + 1e-9) if self.total > 0 else 10
        if tenth > self.printed:
            self.printed = tenth
            elapsed = time.monotonic() - self.start
            text = f"{self.label}: {10 * tenth} % ({done:.0f} of {self.total:.0f} {self.unit}"
            if elapsed > 0 and done > 0:
                text += f", {done / elapsed:.3g}/s, {duration(elapsed * (self.total - done) / done)} left"
            print(f"{text}){', ' + note if note else ''}", file=self.stream, flush=True)

    def close(self) -> None:
        """End the bar."""
        if self.is_for_slicer:
            self.is_for_slicer = False
            _tell_slicer(f"<filter-end><filter-name>{self.label}</filter-name></filter-end>")
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class LateProgress(_Shown):
    """Progress of work that is usually short. Nothing is shown during the first seconds.

    Parameters
    ----------
    labels
        A label for each part of the work. Each part counts from the start.
    unit, stream
        As for ``Progress``.
    delay
        Time in s before anything is shown. Default 2.
    """

    def __init__(self, labels: Sequence[str], unit: str, stream: TextIO | None = None, delay: float = 2.0) -> None:
        self.labels, self.unit, self.stream, self.delay = list(labels), unit, stream, delay
        self.start = self.part_start = time.monotonic()
        self.shown: Progress | None = None
        self.done = 0

    def update(self, done: int, total: int) -> None:
        """Show the amount done so far, and the total."""
        now = time.monotonic()
        if done < self.done:
            self.close()
            self.part_start = now
            if len(self.labels) > 1:
                self.labels.pop(0)
        self.done = done
        if self.shown is None and now - self.start >= self.delay:
            self.shown = Progress(total, self.labels[0], self.unit, self.stream)
            self.shown.start = self.part_start
        if self.shown is not None:
            self.shown.update(done)

    def close(self) -> None:
        """End the bar."""
        if self.shown is not None:
            self.shown.close()
            self.shown = None


class ProgressInTurn(_Shown):
    """Progress of successive parts of a work. A part is shown from its first report until the next part's first report.

    Parameters
    ----------
    unit, stream
        As for ``Progress``.
    """

    def __init__(self, unit: str, stream: TextIO | None = None) -> None:
        self.unit, self.stream = unit, stream
        self.shown: Progress | None = None

    def part(self, label: str) -> Callable[[int, int, str], None]:
        """A function that reports the progress of a part: amount done so far, total, and note."""
        progress: Progress | None = None

        def report(done: int, total: int, note: str) -> None:
            nonlocal progress
            if progress is None:
                self.close()
                progress = self.shown = Progress(total, label, self.unit, self.stream)
            progress.update(done, note)

        return report

    def close(self) -> None:
        """End the bar."""
        if self.shown is not None:
            self.shown.close()
            self.shown = None


def _validation_text(validation: Any) -> str:
    return (
        f", validation PSNR {validation.psnr:.2f} dB (linear {validation.linear_psnr:.2f}, B-spline "
        f"{validation.bspline_psnr:.2f}), SSIM {validation.ssim:.3f} ({validation.linear_ssim:.3f}, "
        f"{validation.bspline_ssim:.3f})"
    )


class TrainingProgress(_Shown):
    """Progress of a training, which ends after a number of iterations or after a time.

    Parameters
    ----------
    iterations
        Maximum number of iterations; None if there is only a time limit.
    seconds
        Maximum time in s; None if there is only a number of iterations.
    stream
        Output stream. Default: stderr.
    every
        Number of iterations between plain lines. Default 100.
    """

    def __init__(
        self, iterations: int | None, seconds: float | None, stream: TextIO | None = None, every: int = 100
    ) -> None:
        self.iterations = iterations
        self.seconds = seconds
        self.stream = _stream(stream)
        self.every = every
        self.validation = ""
        self.start: tuple[int, float] | None = None
        self.bar: Any = None
        if self.stream.isatty():
            from tqdm import tqdm

            limit = "{n_fmt}/{total_fmt} [{elapsed}<{remaining}" if seconds is None else "[{elapsed}<{remaining}"
            self.bar = tqdm(
                total=iterations if seconds is None else seconds,
                desc="training",
                file=self.stream,
                dynamic_ncols=True,
                leave=False,
                bar_format="{l_bar}{bar}| " + limit + "{postfix}]",
            )

    def close(self) -> None:
        """End the bar."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def update(self, state: Any) -> None:
        """Show a ``training.TrainingState``."""
        # In a resumed training, the rate counts only the iterations since then.
        if self.start is None:
            self.start = (state.iteration - 1, 0.0) if state.iteration == 1 else (state.iteration, state.elapsed)
        iterations, seconds = state.iteration - self.start[0], state.elapsed - self.start[1]
        rate = iterations / seconds if seconds > 0 else 0.0
        losses = f"loss {state.loss:.4f}, reconstruction {state.reconstruction_loss:.5f}"
        if state.synthesis_loss:
            losses += f", synthesis {state.synthesis_loss:.5f}"
        if state.validation is not None:
            self.validation = _validation_text(state.validation)
        if self.bar is not None:
            done = state.iteration if self.seconds is None else min(state.elapsed, self.seconds)
            self.bar.set_postfix_str(
                f"iteration {state.iteration}, {rate:.2f}/s, {losses}, learning rate {state.learning_rate:.1e}"
                + self.validation,
                refresh=False,
            )
            self.bar.update(done - self.bar.n)
            return
        shown = state.iteration % self.every == 0 or state.iteration in (1, self.iterations)
        if not shown and state.validation is None:
            return
        left = 0.0
        if self.seconds is not None:
            left = max(0.0, self.seconds - state.elapsed)
        elif rate > 0 and self.iterations is not None:
            left = (self.iterations - state.iteration) / rate
        of = f" of {self.iterations}" if self.seconds is None else ""
        print(
            f"training: iteration {state.iteration}{of}, {losses}, learning rate {state.learning_rate:.2e}, "
            f"{rate:.2f} iterations/s, {duration(left)} left{self.validation if state.validation is not None else ''}",
            file=self.stream,
            flush=True,
        )
