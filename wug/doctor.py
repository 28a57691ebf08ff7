"""`wug doctor`: what is installed, what this machine has, and what is missing.

It has to answer where something is missing, so beside the standard library it imports nothing that may be.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wug import __version__
from wug.runtime.keys import CUDA_PLUGINS, cpu_model, device_kind, nvidia_models, tpu_here

PATIENCE_S = 180.0
"""JAX gets so long to find its devices; a TPU that another process holds keeps it waiting for ever."""
LITTLE = 2 * 1024**3
"""Bytes of free disk of which a run soon makes an end."""
CUDA, TPU = "pip install '.[cuda]'", "pip install '.[tpu]'"


@dataclass(frozen=True)
class Package:
    """A package that wug needs: what is installed of it (empty: nothing), and which versions it may be."""

    name: str
    installed: str
    wanted: str

    @property
    def fine(self) -> bool:
        return bool(self.installed) and within(self.installed, self.wanted)


@dataclass(frozen=True)
class Finding:
    """What is not as it should be, and the way out. What is `needed` fails the examination."""

    needed: bool
    what: str
    way_out: str


@dataclass(frozen=True)
class Examination:
    """All that was looked at. Sizes are in bytes, null where the machine does not tell."""

    wug: str
    python: str
    packages: tuple[Package, ...]
    system: str
    processor: str
    cores: int
    memory_bytes: int | None
    build: str
    free_bytes: int | None
    nvidia: tuple[str, ...]
    tpu: bool
    device: str
    devices: tuple[dict[str, Any], ...]
    compile_cache: bool
    findings: tuple[Finding, ...]

    @property
    def fine(self) -> bool:
        return not any(finding.needed for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        packages = [{**asdict(each), "fine": each.fine} for each in self.packages]
        return {**asdict(self), "packages": packages, "fine": self.fine}


def examine(build: Path) -> Examination:
    """Look at everything; what is built goes to `build`, which need not be there yet, and is not made."""
    there = next(path for path in (build.absolute(), *build.absolute().parents) if path.exists())
    folder = there if there.is_dir() else there.parent
    found = _devices(folder)
    free = shutil.disk_usage(folder).free
    packages, boards, tpu = _packages(), nvidia(), tpu_here()
    cuda = any(map(find_spec, CUDA_PLUGINS))
    findings = [
        *_of_packages(packages),
        *_of_devices(found, build),
        *accelerators(device_kind(), boards, cuda, tpu, find_spec("libtpu") is not None),
    ]
    if there != folder:
        findings.append(Finding(True, f"{there} is no folder", "choose another with --build DIR"))
    if free < LITTLE:
        what = f"only {_size(free)} are free at {folder}"
        findings.append(Finding(False, what, "free some space, run 'wug clean', or choose --build DIR"))
    return Examination(
        wug=__version__,
        python=platform.python_version(),
        packages=packages,
        system=f"{platform.system()} {platform.machine()}",
        processor=cpu_model(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=_memory(),
        build=str(build),
        free_bytes=free,
        nvidia=boards,
        tpu=tpu,
        device=device_kind(),
        devices=tuple(found["devices"]),
        compile_cache=found["cached"],
        findings=tuple(findings),
    )


def within(installed: str, wanted: str) -> bool:
    """Whether a version such as "0.10.2" is in the bounds ">=0.10.2,<0.11"; only these two kinds are known.

    What stands behind the numbers ("rc1", "+cuda12") counts nothing.
    """

    def numbers(text: str) -> tuple[int, ...]:
        plain = re.match(r"\d+(\.\d+)*", text.strip())
        parts = [int(part) for part in plain[0].split(".")] if plain else []
        return tuple(parts + [0] * (6 - len(parts)))

    have = numbers(installed)
    for bound in filter(None, wanted.split(",")):
        if bound.startswith(">=") and have < numbers(bound[2:]):
            return False
        if bound.startswith("<") and have >= numbers(bound[1:]):
            return False
    return True


def _packages() -> tuple[Package, ...]:
    """What wug says it needs, but for its extras, which are nobody's need."""
    try:
        needed = [each for each in requires("wug") or () if "extra ==" not in each]
    except PackageNotFoundError:
        return (Package("wug", "", f">={__version__}"),)
    found = [Package("jaxlib", _installed("jaxlib"), "")]
    for requirement in needed:
        if told := re.match(r"([\w.-]+)\s*([^;]*)", requirement):
            wanted = ",".join(sorted(told[2].strip().split(","), reverse=True))
            found.append(Package(told[1], _installed(told[1]), wanted))
    return tuple(sorted(found, key=lambda each: each.name))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _of_packages(packages: tuple[Package, ...]) -> list[Finding]:
    found = []
    for each in packages:
        if not each.installed:
            found.append(Finding(True, f"{each.name} is not installed", _install(each)))
        elif not each.fine:
            what = f"{each.name} is {each.installed}, but {each.wanted} is needed"
            found.append(Finding(True, what, _install(each)))
    return found


def _install(package: Package) -> str:
    return "pip install -e ." if package.name == "wug" else f"pip install '{package.name}{package.wanted}'"


def nvidia() -> tuple[str, ...]:
    """The NVIDIA devices of this machine, whether or not JAX can use them."""
    found = nvidia_models()
    if not found and (tool := shutil.which("nvidia-smi")):  # under WSL there is no /proc/driver/nvidia
        try:
            done = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return ()
        found = re.findall(r"^GPU \d+: (.+?) \(UUID", done.stdout, re.MULTILINE)
    return tuple(found)


def accelerators(kind: str, boards: tuple[str, ...], cuda: bool, tpu: bool, libtpu: bool) -> list[Finding]:
    """What keeps a device from being used. `kind` is where JAX computes, `cuda` and `libtpu` whether its
    packages for NVIDIA devices and for TPUs are installed, `tpu` whether a TPU is there."""
    wanted = os.environ.get("JAX_PLATFORMS", "")
    found = []
    for there, name, ready, how, way in (
        (bool(boards), "an NVIDIA device", cuda, "cuda", CUDA),
        (tpu, "a TPU", libtpu, "tpu", TPU),
    ):
        if not there or kind != "cpu":
            continue
        what = f"{name} is here, but JAX computes on the processor"
        if not ready:
            found.append(Finding(False, f"{what}: its package for that is not installed", way))
        elif wanted:
            found.append(Finding(False, f"{what}: JAX_PLATFORMS is {wanted}", "unset JAX_PLATFORMS"))
        else:
            way = f"JAX_PLATFORMS={how} before the command"
            found.append(Finding(False, f"{what}: its driver was not found", way))
    return found


def _devices(folder: Path) -> dict[str, Any]:
    """What `wug.devices` tells, or as its `error` why it does not."""
    command = [sys.executable, "-m", "wug.devices", str(folder)]
    error = f"JAX found no device within {PATIENCE_S:.0f} seconds"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return {"devices": [], "cached": False, "error": error}
    if done.returncode or not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        error = f"looking for JAX's devices ended with status {done.returncode}: {last}"
        return {"devices": [], "cached": False, "error": error}
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def _of_devices(found: dict[str, Any], build: Path) -> list[Finding]:
    error = found["error"]
    if error is None:
        if found["cached"]:
            return []
        what = f"compiled programs are not kept in {build}, so every run compiles them again"
        return [Finding(False, what, "choose another folder with --build DIR")]
    plain = re.sub(r"^\w+: (\[Errno \d+\] )?", "", error)  # the name of an exception tells nobody anything
    if re.match("(PermissionError|EnvironmentFailure: cannot write|OSError)", error):
        return [Finding(True, f"nothing can be written to {build} ({plain})", "choose --build DIR")]
    way = "JAX_PLATFORMS=cpu chooses the processor"
    if error.startswith(("ModuleNotFoundError", "ImportError")):
        way = "pip install --require-hashes -r requirements.txt"
    elif device_kind().startswith("cuda") and not any(map(find_spec, CUDA_PLUGINS)):
        way = CUDA
    elif device_kind() == "tpu" and find_spec("libtpu") is None:
        way = TPU
    return [Finding(True, plain or error, way)]


def _memory() -> int | None:
    """The memory that this process may have: the machine's, or what its control group leaves of it."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return whole
    return min(whole, int(limit)) if limit.isdecimal() else whole


# For people


def rows(found: Examination) -> list[tuple[str, str, str, bool]]:
    """The table: what, what is found of it, what is wanted, and whether that is well."""
    lines = [("wug", found.wug, "", True), ("python", found.python, ">=3.11", True)]
    lines += [(each.name, each.installed or "–", each.wanted, each.fine) for each in found.packages]
    lines += [
        ("system", found.system, "", True),
        ("processor", f"{found.processor}, {found.cores} cores", "", True),
        ("memory", _size(found.memory_bytes), "", True),
        ("free disk", f"{_size(found.free_bytes)} at {found.build}", "", (found.free_bytes or 0) >= LITTLE),
        ("computes on", found.device, "", bool(found.devices)),
    ]
    for kind in dict.fromkeys((each["platform"], each["kind"]) for each in found.devices):
        alike = [each for each in found.devices if (each["platform"], each["kind"]) == kind]
        memory = f", {_size(alike[0]['memory_bytes'])} each" if alike[0]["memory_bytes"] else ""
        lines.append(("devices", f"{len(alike)} × {' '.join(dict.fromkeys(kind))}{memory}", "", True))
    if (several := len(found.devices)) > 1:
        lines.append(("mesh", f"none: one of them computes; --mesh data={several} shares it out", "", True))
    if not found.nvidia and not found.tpu and found.device == "cpu":
        lines.append(("accelerators", f"none here (NVIDIA: {CUDA}, TPU: {TPU})", "", True))
    for board in dict.fromkeys(found.nvidia):
        lines.append(("NVIDIA", f"{found.nvidia.count(board)} × {board}", "", found.device != "cpu"))
    cache = "compiled programs are kept" if found.compile_cache else "not usable"
    return [*lines, ("compile cache", cache, "", found.compile_cache)]


def _size(number: int | None) -> str:
    return "–" if number is None else f"{number / 1024**3:,.1f} GiB"


def print_examination(found: Examination) -> None:
    """The table, then what was found with its ways out; plainly where Rich itself is missing."""
    if find_spec("rich") is None:
        for what, value, wanted, fine in rows(found):
            print(f"{'' if fine else '! '}{what}: {value} {wanted}".rstrip())
        for each in found.findings:
            print(f"{'error' if each.needed else 'advice'}: {each.what}\n  {each.way_out}")
        return
    from rich.table import Table
    from rich.text import Text

    from wug.console import console

    out, table = console(), Table(box=None, show_header=False, pad_edge=False)
    for what, value, wanted, fine in rows(found):
        table.add_row(Text(what, "bold"), Text(value, "" if fine else "bold red"), Text(wanted, "dim"))
    out.print(table)
    out.print()
    for each in found.findings:
        kind = ("error", "bold red") if each.needed else ("advice", "bold yellow")
        out.print(Text.assemble(kind, f": {each.what}\n  ", (each.way_out, "green")))
    if not found.findings:
        out.print("nothing is missing")


def doctor(build: Path | None, as_json: bool) -> int:
    """Examine and tell; the exit status: 1 where something that is needed is missing."""
    found = examine(build or _usual())
    if as_json:
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        print_examination(found)
    return 0 if found.fine else 1


def _usual() -> Path:
    """Where a run would build; without Lark, which a run needs anyway, here."""
    try:
        from wug.compiler.language.resolve import project_root
    except ModuleNotFoundError:
        return Path("build")
    return project_root(Path("x")) / "build"
