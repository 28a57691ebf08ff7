"""The command line: what may be asked, and how every ending is told.

Exit status: 0 fine, 1 the spec or a hypothesis failed, 2 usage, 3 our bug, 4 the machine (disk, permission),
75 stopped and resumable, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wug import __version__

if TYPE_CHECKING:
    from wug.compiler.mesh import Mesh
    from wug.compiler.sharding import Shard

FINE, FAILED, USAGE, BUG, ENVIRONMENT, RESUMABLE, INTERRUPTED = 0, 1, 2, 3, 4, 75, 130

_STATUS = (
    "exit status: 0 fine, 1 the spec or a hypothesis failed, 2 usage, 3 a bug of wug, "
    "4 the machine refused (disk, permission), 75 stopped and resumable, 130 interrupted"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status and never raises."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader went away, as with 'wug show x | head'
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except BaseException as error:
        from wug.runtime.cluster import leave

        return leave(ending(error, getattr(options, "format", "text")))


def ending(error: BaseException, format: str) -> int:
    """Tell a person how a command ended that could not do its work, and give the exit status."""
    from wug.compiler.diagnosis.diagnostics import SpecError
    from wug.compiler.locking.lock import LockFailure
    from wug.compiler.store import EnvironmentFailure
    from wug.console import print_diagnostics, say_error
    from wug.runtime.failure import Damaged, RuntimeFailure, Stopped

    if isinstance(error, SystemExit):
        raise error
    if isinstance(error, SpecError):
        print_diagnostics(error.report.sorted(), format)
        return FAILED
    if isinstance(error, Damaged | EnvironmentFailure):
        say_error(str(error))
        return ENVIRONMENT
    if isinstance(error, RuntimeFailure | LockFailure):
        say_error(str(error))
        return FAILED
    if isinstance(error, Stopped):
        say_error("stopped; the same command goes on from here")
        return RESUMABLE
    if isinstance(error, KeyboardInterrupt):
        say_error("interrupted; what was finished is kept, and the same command goes on from there")
        return INTERRUPTED
    if isinstance(error, MemoryError):
        say_error("the machine has not enough memory for this: lower the counts of the spec")
        return ENVIRONMENT
    if isinstance(error, OSError):
        say_error(f"{error.strerror or error}: {error.filename or 'the machine refused'}")
        return ENVIRONMENT
    if type(error).__name__ == "PanicException":  # what tokenizers raises, which is no Exception
        say_error(f"a tokenizer of the spec cannot cut a text: {error}; use another tokenizer.json")
        return FAILED
    return _bug(error)


def _bug(error: BaseException) -> int:
    from wug.console import say_error

    text = "".join(traceback.format_exception(error))
    if os.environ.get("WUG_DEBUG"):
        print(text, file=sys.stderr)
    try:
        with tempfile.NamedTemporaryFile("w", prefix="wug-bug-", suffix=".txt", delete=False) as file:
            file.write(f"wug {__version__}, Python {sys.version}\n{' '.join(sys.argv)}\n\n{text}")
        where = f"; details for the report are in {file.name}"
    except OSError:
        where = ""
    say_error(f"this is a bug in wug, not in your spec ({type(error).__name__}: {error}){where}")
    return BUG


def parser() -> argparse.ArgumentParser:
    """All commands. Each sets `run`, a function of the options that returns the exit status."""
    top = argparse.ArgumentParser(
        prog="wug",
        description="Compile controlled worlds, train small models on them, and see what they generalise.",
        epilog=f"start with: wug new hello && wug run hello.experiment\n\n{_STATUS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"wug {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = _command(
        commands,
        "check",
        "find every error in specs, without drawing anything",
        "wug check *.world *.experiment\n  wug check --locked *.experiment",
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .world or .experiment")
    check.add_argument(
        "--locked",
        action="store_true",
        help="fail where a spec, or a file that it reads, is not as it stands in wug.lock",
    )
    _parameters(check)
    _format(check)

    compile = _command(
        commands,
        "compile",
        "write corpora, test items, proofs and episodes",
        "wug compile x.experiment\n  wug compile x.experiment --shard 2/4",
    )
    compile.add_argument("file", type=Path, metavar="FILE", help="an .experiment, or a .world by itself")
    compile.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="only the worlds of part I of N; once all are there, the plain command puts them together",
    )
    compile.add_argument(
        "--ray",
        type=_count,
        default=0,
        metavar="N",
        help="first compile N parts as tasks of Ray, at RAY_ADDRESS or here (needs: pip install 'wug[ray]')",
    )
    _parameters(compile)
    _build(compile)
    _format(compile)

    fmt = _command(
        commands,
        "fmt",
        "lay specs out in the one way, comments and meaning kept",
        "wug fmt *.world *.experiment\n  wug fmt --check specs/*/*.world",
    )
    fmt.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .world or .experiment")
    fmt.add_argument(
        "--check", action="store_true", help="write nothing; name the files that would change (status 1)"
    )
    _format(fmt)

    show = _command(commands, "show", "print samples of what a spec says", "wug show x.experiment --seed 3")
    show.add_argument("file", type=Path, metavar="FILE", help="an .experiment or a .world")
    show.add_argument("--seed", type=_count, default=0, help="which world to draw (default 0)")
    show.add_argument("-n", type=_count, default=5, metavar="N", help="how many of each thing (default 5)")

    _parameters(show)

    run = _command(
        commands,
        "run",
        "compile, pretrain, train every arm, ask every question, print the table",
        "wug run x.experiment\n  wug run x.experiment --json > results.json\n  wug run specs/experiments\n"
        "  wug run x.experiment --mesh data=4,fsdp=2\n  wug run sweep.experiment --shard 3/8",
    )
    run.add_argument(
        "file",
        type=Path,
        metavar="EXPERIMENT",
        help="an .experiment, or a folder: all that lie in it, and one table of what was expected of them",
    )
    run.add_argument(
        "--json",
        action="store_true",
        help="print results.json on stdout and no table; of a folder, a list of them",
    )
    run.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="of a sweep, only every N-th variant from the I-th on; the plain command puts all together",
    )
    run.add_argument(
        "--ray",
        type=_count,
        default=0,
        metavar="N",
        help="of a sweep, first run N parts as tasks of Ray, at RAY_ADDRESS or here (pip install 'wug[ray]')",
    )
    run.add_argument(
        "--strict", action="store_true", help="fail where a hypothesis is undecided, too (status 1)"
    )
    _parameters(run)
    _build(run)
    _mesh(run)

    plan = _command(
        commands,
        "plan",
        "say what a run would do: what lies in the store, and what the rest takes",
        "wug plan x.experiment",
    )
    plan.add_argument("file", type=Path, metavar="EXPERIMENT", help="an .experiment")
    plan.add_argument("--json", action="store_true", help="print it as JSON")
    _parameters(plan)
    _build(plan)

    export = _command(
        commands,
        "export",
        "write the weights of an arm as safetensors, with config.json and tokenizer.json",
        "wug export x.experiment finetune folder\n  wug export x.experiment finetune folder --seed 3\n"
        "  wug export x.experiment lora folder --adapter",
    )
    export.add_argument("file", type=Path, metavar="EXPERIMENT", help="an .experiment")
    export.add_argument("arm", metavar="ARM", help="an arm whose model is a checkpoint")
    export.add_argument("folder", type=Path, metavar="FOLDER", help="a folder that is not there yet")
    export.add_argument("--seed", type=_count, default=0, help="in which world it was trained (default 0)")
    export.add_argument(
        "--adapter",
        action="store_true",
        help="write the adapter alone, as PEFT reads it; the weights are written with it added into them",
    )
    _parameters(export)
    _build(export)
    _mesh(export)

    requests = _command(
        commands,
        "requests",
        "show what the teachers of augmenting arms would be asked, before anybody is",
        "wug requests x.experiment",
    )
    requests.add_argument("file", type=Path, metavar="EXPERIMENT", help="an .experiment")
    requests.add_argument("--json", action="store_true", help="print it as JSON")
    _parameters(requests)
    _build(requests)

    audit = _command(
        commands,
        "audit",
        "read a compiled experiment back and judge every key, sentence and view anew",
        "wug audit x.experiment",
    )
    audit.add_argument("file", type=Path, metavar="EXPERIMENT", help="an .experiment")
    audit.add_argument("--json", action="store_true", help="print all that was found as JSON")
    _parameters(audit)
    _build(audit)

    lock = _command(
        commands,
        "lock",
        "pin what specs say, all that they read and what was made of them in wug.lock",
        "wug lock specs\n  wug lock",
    )
    _specs(lock)
    _build(lock)

    status = _command(
        commands,
        "status",
        "say which specs are compiled and run, which are not as they were locked, and why",
        "wug status\n  wug status specs --json",
    )
    _specs(status)
    status.add_argument("--json", action="store_true", help="print it as JSON")
    _build(status)

    diff = _command(
        commands,
        "diff",
        "say what two specs, or two revisions of git, mean otherwise, and what that changes",
        "wug diff old.world new.world\n  wug diff HEAD~1 HEAD\n  wug diff main --only x.experiment --json",
    )
    diff.add_argument(
        "sides",
        nargs="*",
        metavar="A B",
        help="two specs or two revisions; one revision is compared with what lies here (default: HEAD)",
    )
    diff.add_argument(
        "--only", action="append", type=Path, default=[], metavar="SPEC", help="compare only this spec"
    )
    diff.add_argument("--json", action="store_true", help="print it as JSON")
    diff.add_argument(
        "--textconv",
        type=Path,
        metavar="FILE",
        help="print what a spec says, one phrase a line, for 'git diff' (git config diff.wug.textconv)",
    )
    _build(diff)

    new = _command(
        commands, "new", "copy a shipped spec here, to start from", "wug new hello\n  wug new --list"
    )
    new.add_argument("name", nargs="?", metavar="NAME", help="a shipped experiment")
    new.add_argument("--list", action="store_true", help="list the shipped experiments")
    new.add_argument(
        "--into", type=Path, default=Path(), metavar="DIR", help="the folder to copy into (default: here)"
    )

    clean = _command(commands, "clean", "remove what was built", "wug clean --dry-run\n  wug clean reversals")
    clean.add_argument("names", nargs="*", metavar="NAME", help="only these experiments (default: all)")
    clean.add_argument("--dry-run", action="store_true", help="say what would be freed, and remove nothing")
    _build(clean)

    doctor = _command(
        commands,
        "doctor",
        "say what is installed, what this machine has, and what is missing",
        "wug doctor\n  wug doctor --json",
    )
    doctor.add_argument("--json", action="store_true", help="print all that was found as JSON")
    _build(doctor)
    doctor.set_defaults(run=_doctor)

    explain = _command(commands, "explain", "say what a diagnostic means", "wug explain W0301")
    explain.add_argument("code", nargs="?", metavar="CODE", help="a code such as W0301 (default: list all)")
    return top


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, example: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        epilog=f"example:\n  {example}\n\n{_STATUS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def run(options: argparse.Namespace) -> int:
        from wug import commands as implementations

        status: int = getattr(implementations, name)(options)
        return status

    command.set_defaults(run=run)
    return command


def _doctor(options: argparse.Namespace) -> int:
    """Not among `wug.commands`, whose imports may be the very thing that is missing."""
    from wug.doctor import doctor

    return doctor(options.build, options.json)


def _specs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="a .world, an .experiment, or a folder: all in it (default: those in wug.lock, else all here)",
    )


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the name of a folder is empty")
    return Path(text)


def _build(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--build",
        type=Path,
        metavar="DIR",
        help="where finished work is kept (default: build/ in the project)",
    )
    shared = os.environ.get("WUG_SHARED")
    command.add_argument(
        "--shared",
        type=_folder,
        default=Path(shared) if shared else None,
        metavar="DIR",
        help="a second folder, which several machines share: what lies there is not computed again, and what "
        "is made here is put there (default: WUG_SHARED)",
    )


def _parameters(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-D",
        dest="parameters",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter of the world; may be said several times",
    )


def _mesh(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--mesh",
        type=_axes,
        metavar="AXIS=N,...",
        help="how devices share the work, as in data=4,fsdp=2; none: one device does it all "
        "(default: as the experiment says)",
    )


def _shard(text: str) -> Shard:
    from wug.compiler.sharding import parse_shard

    try:
        return parse_shard(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _axes(text: str) -> Mesh:
    from wug.compiler.mesh import parse

    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _format(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format", choices=("text", "json"), default="text", help="how findings are printed"
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 1_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1,000,000")
    return int(text)
