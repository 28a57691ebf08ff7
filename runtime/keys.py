"""Keys: the identity of a piece of finished work, from everything that its bits depend on.

A key is the BLAKE2b of the canonical JSON of the inputs, the stage's version, and, where JAX computes, the
versions of JAX and jaxlib and the kind of device. None of this imports JAX, so that a cached run need not.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CUDA_PLUGINS = ("jax_cuda12_plugin", "jax_cuda13_plugin")  # with one of these JAX can use NVIDIA devices

# Raise a stage's number whenever its output changes for the same inputs.
STAGES = {
    "pretrained": 2,
    "written": 3,
    "judged": 3,
    "trained": 2,
    "scores": 3,
    "free": 2,
    "forgetting": 1,
    "runs": 14,
    "sweeps": 1,
}


def digest(data: bytes) -> str:
    """BLAKE2b, 32 hex digits, as everywhere in the store."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values are equal bytes. Raises ValueError for NaN."""
    return _ENCODER.encode(value).encode()


@cache
def installed(package: str) -> str:
    """The version of a package that is installed."""
    return version(package)


def device_kind() -> str:
    """Where JAX will compute: "cpu", or the accelerator's platform and model, found without JAX.

    JAX_PLATFORMS decides where it is set. `runtime.host.prepare` then makes JAX use just this, so that the
    key never says one device and the bits come from another.
    """
    wanted = os.environ.get("JAX_PLATFORMS", "").split(",")[0].strip()
    cuda = any(map(_is_there, CUDA_PLUGINS))
    if wanted in ("cuda", "gpu") or (not wanted and cuda and Path("/proc/driver/nvidia/version").exists()):
        return f"cuda {next(iter(nvidia_models()), 'unknown')}"
    if wanted == "tpu" or (not wanted and _is_there("libtpu") and tpu_here()):
        return "tpu"
    return wanted or "cpu"


@cache
def _is_there(package: str) -> bool:
    return find_spec(package) is not None


def nvidia_models() -> list[str]:
    """What NVIDIA's driver calls each of its devices."""
    found: list[str] = []
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        found += re.findall(r"^Model:\s*(.+?)\s*$", path.read_text(), re.MULTILINE)
    return found


def tpu_here() -> bool:
    """Whether this machine has a TPU."""
    return any(Path("/dev").glob("accel*"))


def cpu_model() -> str:
    """The processor's name, for the folder of the compilation cache."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def key(stage: str, inputs: dict[str, Any]) -> str:
    """The key of a stage's entry: 32 hex digits."""
    return digest(
        canonical(
            {
                "stage": stage,
                "version": STAGES[stage],
                "jax": installed("jax"),
                "jaxlib": installed("jaxlib"),
                "device": device_kind(),
                "inputs": inputs,
            }
        )
    )
