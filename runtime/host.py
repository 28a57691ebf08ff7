"""The host: JAX made ready for a run, on the device that the keys name."""

from __future__ import annotations

import os
import platform
import re
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wug.compiler.store import EnvironmentFailure, environment, mark
from wug.runtime.keys import cpu_model, device_kind


def choose(kind: str) -> None:
    """Import JAX, and have it compute on this kind of device; before it has looked for any."""
    if kind == "cpu":
        # These programs are small: compiled in half the time (24 s -> 11 s for pretraining, two busy cores),
        # they run as fast (221 -> 198 ms a step). LLVM's level 0 would quadruple the time of a step.
        os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=1")
    import jax

    jax.config.update("jax_platforms", kind.split()[0])


def prepare(build: Path) -> None:
    """Import JAX, fix its platform, and keep its compiled programs below `build`.

    The programs' folder is named for the processor and jaxlib: what was compiled for another may not run.
    Raises EnvironmentFailure where the device that was asked for does not come up.
    """
    kind = device_kind()
    # a full disk is told where it matters: a program that was not kept is compiled again
    warnings.filterwarnings("ignore", "Error writing persistent compilation cache")
    choose(kind)
    import jax

    words = f"{cpu_model()} {kind} jaxlib {version('jaxlib')}".lower()
    name = re.sub(r"[^a-z0-9]+", "-", words).strip("-")
    programs = build.resolve() / "compiled-programs"
    with environment(programs):
        mark(programs)
    jax.config.update("jax_compilation_cache_dir", str(programs / name))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:
        reason = (str(error).splitlines() or ["it finds no such device"])[0]
        raise EnvironmentFailure(
            f"JAX cannot use {kind}: {reason}; JAX_PLATFORMS=cpu chooses the processor"
        ) from error


def description() -> dict[str, Any]:
    """Who computed this, for timing.json, which is not part of a result."""
    return {
        "machine": platform.node(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": cpu_model(),
        "device": device_kind(),
        "python": platform.python_version(),
        "jax": version("jax"),
        "jaxlib": version("jaxlib"),
    }
