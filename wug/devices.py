"""What JAX finds on this machine: `python -m wug.devices FOLDER` prints it as JSON.

`wug doctor` asks this in a process of its own: a driver that hangs or dies takes nothing else with it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

NEEDED = ("flax.nnx", "optax", "orbax.checkpoint", "pyarrow.parquet", "tokenizers", "gguf", "bm25s", "httpx2")
"""What a run imports beside JAX; versions that do not go together show when they are imported."""


def devices(folder: Path) -> dict[str, Any]:
    """The devices that a run would compute on, and whether a compiled program can be kept below `folder`.

    Returns `devices` (platform, kind, memory_bytes or null), `cached`, and `error` (null where all is well).
    """
    found: dict[str, Any] = {"devices": [], "cached": False, "error": None}
    try:
        for name in NEEDED:
            import_module(name)
        from wug.runtime.host import prepare

        with tempfile.TemporaryDirectory(prefix=".wug-doctor-", dir=folder) as scratch:
            prepare(Path(scratch))
            import jax

            found["devices"] = [
                {
                    "platform": device.platform,
                    "kind": device.device_kind,
                    "memory_bytes": (device.memory_stats() or {}).get("bytes_limit"),
                }
                for device in jax.devices()
            ]
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
            jax.jit(lambda x: x * x + 1)(2.0).block_until_ready()
            found["cached"] = any(path.is_file() for path in Path(scratch).glob("compiled-programs/*/*"))
    except OSError as error:
        found["error"] = f"OSError: {error}"
    except Exception as error:
        found["error"] = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
    return found


if __name__ == "__main__":
    print(json.dumps(devices(Path(sys.argv[1]))))
