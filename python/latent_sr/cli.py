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
"""The command line ``latent-sr``.

Exit codes: 0, 1 (failed: a file, a volume or a model), 2 (wrong use of the command line), 130 (Ctrl-C). An error is one
line on stderr. Only the standard library is imported before a command runs, so that ``--help`` answers at once.
"""

import argparse
import atexit
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from typing import NoReturn

from latent_sr.commands import evaluate, export, info, metrics, slicer, train, upsample
from latent_sr.commands.console import in_words_of_options, logging_to
from latent_sr.commands.options import PROGRAM, Parser
from latent_sr.errors import LatentSRError, one_line
from latent_sr.interrupts import Terminated, ended_by_sigterm
from latent_sr.progress import for_slicer

TERMINATED = f"{PROGRAM}: terminated"


class _Version(argparse.Action):
    """``--version``. The version is looked up only when the option is given."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, default=argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        from latent_sr.versions import package_version

        print(f"{PROGRAM} {package_version()}")
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = Parser(
        prog=PROGRAM,
        description="Super-resolution of stacks of thick slices in the latent space of an autoencoder.",
        epilog="""examples:
  latent-sr upsample thick.nii.gz thin.nii.gz --factor 5
  latent-sr train cohort/ --output mine.safetensors
  latent-sr evaluate cohort/ --report report.html
  latent-sr metrics truth.nii.gz recovered.nii.gz --json -
  latent-sr info mine.safetensors
  latent-sr export mine.safetensors graphs/

Exit codes: 0, 1 (failed), 2 (wrong use), 130 (interrupted), 143 (terminated). latent-sr --xml describes upsample as a
module of 3D Slicer.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (upsample, train, evaluate, metrics, info, export):
        command.add_parser(commands)
    return parser


def _run(words: list[str]) -> int:
    """Run a command line and return its exit code."""
    if words == [slicer.XML]:
        print(slicer.described(), end="")
        return 0
    call = slicer.as_command(words)
    parsed = make_parser().parse_args(words if call is None else call)
    for_whom = nullcontext() if call is None else for_slicer()
    with for_whom, logging_to(words, parsed.log_file, parsed.verbose, parsed.quiet):
        return parsed.run(parsed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments
        The arguments after ``latent-sr``. Default: those of the process.
    """
    # A shell without job control starts background processes with SIGINT ignored.
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # A thread of LibTorch's OpenMP pool that waits for another one shall sleep. By default it spins, and takes the
    # processor from the one it waits for where other programs run. OpenMP reads this when LibTorch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        with ended_by_sigterm(TERMINATED):
            code = _run(list(sys.argv[1:] if arguments is None else map(str, arguments)))
            sys.stdout.flush()
            return code
    except LatentSRError as error:
        print(f"{PROGRAM}: error: {in_words_of_options(error)}", file=sys.stderr)
        return error.exit_code
    except Terminated:
        print(TERMINATED, file=sys.stderr)
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of the output, for example ``head``, has closed the pipe. Flushing the buffer again would fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    except (RuntimeError, OSError, MemoryError, ImportError) as error:
        print(f"{PROGRAM}: error: {one_line(error)}", file=sys.stderr)
        return 1


def run_and_exit() -> NoReturn:
    """Run the command line, and end the process with its exit code.

    Python's own end deletes the thousands of classes of ITK one by one, which takes as long as the network for a small
    stack. The system frees the memory of a process at once.
    """
    code = main()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    run_and_exit()
