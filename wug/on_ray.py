"""An adapter to Ray: the shards of an experiment, or of its sweep, as tasks, on whatever machines a cluster
has.

Every machine needs this very wug, and the spec and the build folder at the same path: one disk that all
share, and whose locks (flock) hold between machines. Ray is told of no data: a task is the name of a file and
a part, and what it makes lies in the store. A worker that is killed leaves an unfinished folder and no lock;
Ray starts its task again, elsewhere if need be, and a part that is there already is not made twice.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType

from wug.compiler.store import EnvironmentFailure
from wug.progress import Progress

RETRIES = 3
"""So often the task of a worker that died is started again."""


def make_shards(
    command: str, file: Path, count: int, build: Path, parameters: Sequence[str], progress: Progress
) -> tuple[int, str]:
    """Have all parts of an experiment made by a `command` that takes --shard, of which there are `count`;
    returns the worst exit status and what was said of it. Ray is found as it always is: at RAY_ADDRESS, else
    it is started here.

    Raises EnvironmentFailure where Ray is not installed, or its workers die again and again.
    """
    try:
        import ray
    except ImportError as error:
        raise EnvironmentFailure("Ray is not installed: pip install 'wug[ray]'") from error
    with redirect_stdout(sys.stderr):  # where Ray tells of dead workers
        return _shared_out(ray, command, file, count, build, parameters, progress)


def _shared_out(
    ray: ModuleType,
    command: str,
    file: Path,
    count: int,
    build: Path,
    parameters: Sequence[str],
    progress: Progress,
) -> tuple[int, str]:
    begun = not ray.is_initialized()
    if begun:
        ray.init(log_to_driver=False, logging_level="ERROR")
    try:
        task = ray.remote(max_retries=RETRIES)(_part)
        paths = command, str(file.resolve()), str(build.resolve())
        left = [task.remote(*paths, f"{number}/{count}", list(parameters)) for number in range(1, count + 1)]
        worst, said = 0, ""
        with progress.stage("shards", count, "shards") as stage:
            while left:
                done, left = ray.wait(left)
                for status, text in ray.get(done):
                    if status > worst:
                        worst, said = status, text
                stage.update(count - len(left))
        return worst, said
    except ray.exceptions.RayError as error:
        raise EnvironmentFailure(f"Ray gave up: {str(error).splitlines()[0]}") from error
    finally:
        if begun:
            ray.shutdown()


def _part(command: str, file: str, build: str, shard: str, parameters: list[str]) -> tuple[int, str]:
    """One part, in a worker: the exit status of the command, and what it said."""
    from wug.cli import main

    os.environ.setdefault("TERM", "dumb")
    given = [argument for value in parameters for argument in ("-D", value)]
    said = io.StringIO()
    with redirect_stderr(said), redirect_stdout(io.StringIO()):
        status = main([command, file, "--shard", shard, "--build", build, *given])
    return status, said.getvalue()
