"""What is installed and from what: sdist and wheel, locks, one identity a module, and the way data flows."""

from __future__ import annotations

import ast
import os
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import wug

RUNTIME_LOCK = "requirements.txt"
DEV_LOCK = "requirements-dev.txt"
PYTHONS = ("3.11", "3.12", "3.13")


@pytest.fixture(scope="module")
def sdist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source archive of the tree as it is."""
    out = tmp_path_factory.mktemp("sdist")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(out), cwd=root)
    return next(out.glob("wug-*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that comes from the source archive, not from the repository."""
    out = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(out, filter="data")
    source = out / sdist.name.removesuffix(".tar.gz")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out), cwd=source)
    return next(out.glob("wug-*.whl"))


def test_wheel_from_sdist_holds_every_file(root: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tracked = _tree(root, "wug")
    assert "wug/compiler/language/parse.py" in tracked
    assert "wug/compiler/diagnosis/examples/W0001.txt" in tracked
    assert "wug/grammar/world.lark" in tracked
    assert "wug/specs/experiments/hello.experiment" in tracked
    assert tracked <= names
    extra = {name for name in names - tracked if ".dist-info/" not in name}
    assert not extra, f"in the wheel but not in the repository: {sorted(extra)}"


def test_installed_wheel_answers_away_from_the_repository(wheel: Path, tmp_path: Path) -> None:
    """The wheel's own files, unpacked, with nothing of the checkout in reach (its packages are)."""
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from wug.cli import main; sys.exit(main())"
    _run(sys.executable, "-c", code, "new", "hello", cwd=tmp_path)
    _run(sys.executable, "-c", code, "check", "hello.experiment", cwd=tmp_path)
    where = _run(sys.executable, "-c", code.replace("sys.exit(main())", "print(__import__('wug').__file__)"))
    assert where.strip() == str(site / "wug" / "__init__.py")


@pytest.mark.slow
@pytest.mark.parametrize("python", PYTHONS)
def test_wheel_in_an_empty_environment_runs_hello(
    root: Path, wheel: Path, tmp_path: Path, python: str
) -> None:
    """With each Python that is here: the lock's packages, the wheel, and the whole way in another folder."""
    found = _interpreter(python)
    if found is None:
        pytest.skip(f"there is no Python {python} on this machine")
    environment, work = tmp_path / "environment", tmp_path / "work"
    _run(found, "-m", "venv", environment)
    inside = environment / "bin" / "python"
    work.mkdir()
    _run(inside, "-m", "pip", "install", "-q", "--require-hashes", "-r", str(root / RUNTIME_LOCK))
    _run(inside, "-m", "pip", "install", "-q", "--no-deps", str(wheel))
    _run(inside, "-m", "pip", "check")
    command = environment / "bin" / "wug"
    _run(command, "new", "hello", cwd=work)
    _run(command, "run", "hello.experiment", cwd=work)


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["hello", "reversals", "elements"])
def test_check_answers_in_a_fraction_of_a_second(root: Path, spec: str) -> None:
    """CPU time, and the best of ten: both because a machine has other work too."""
    file = root / "specs" / "experiments" / f"{spec}.experiment"
    spent = []
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _run(sys.executable, "-m", "wug", "check", file, cwd=root)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.3, spent


@pytest.mark.parametrize("package", ["compiler", "grammar", "runtime"])
def test_a_package_has_one_identity(root: Path, package: str) -> None:
    code = f"import sys; sys.path.insert(0, 'wug'); import {package}"
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert result.returncode != 0
    assert f"import wug.{package}, not {package}" in result.stderr


def test_without_links_the_packages_are_found(root: Path, tmp_path: Path) -> None:
    """A ZIP opened on Windows has small text files where the links were."""
    for name in ("compiler", "grammar", "runtime", "specs"):
        (tmp_path / name).symlink_to(root / "wug" / name)
        (tmp_path / "wug").mkdir(exist_ok=True)
        (tmp_path / "wug" / name).write_text(f"../{name}")
    (tmp_path / "wug" / "__init__.py").write_bytes((root / "wug" / "__init__.py").read_bytes())
    code = "import wug.compiler, wug.grammar, wug.runtime; print((wug.specs() / 'experiments').is_dir())"
    assert (
        _run(sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, '.'); {code}", cwd=tmp_path)
        == "True\n"
    )


def test_shipped_specs_are_package_data() -> None:
    assert (wug.specs() / "experiments" / "hello.experiment").is_file()
    assert (wug.specs() / "worlds").is_dir()


def test_the_command_line_loads_nothing_heavy() -> None:
    """`wug check` answers in a fraction of a second because it needs neither NumPy, PyArrow nor JAX."""
    loaded = _run(
        sys.executable, "-c", "import sys, wug.cli; print(*{name.split('.')[0] for name in sys.modules})"
    )
    assert not {"numpy", "pyarrow", "tokenizers", "jax", "flax", "optax", "orbax"} & set(loaded.split())


class TestLocks:
    """requirements.txt and requirements-dev.txt, made by `make lock`."""

    @pytest.mark.parametrize("python", PYTHONS)
    def test_pins_satisfy_the_project(self, root: Path, python: str) -> None:
        project = _project(root)
        runtime = [Requirement(text) for text in project["project"]["dependencies"]]
        checkout = [Requirement(text) for text in project["dependency-groups"]["checkout"]]
        dev = [Requirement(text) for text in project["project"]["optional-dependencies"]["dev"]]
        build = [Requirement(text) for text in project["build-system"]["requires"]]
        pins = _pins(root / RUNTIME_LOCK, python)
        for requirement in [*runtime, *checkout, *build]:
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement
        pins = _pins(root / DEV_LOCK, python)
        for requirement in [*runtime, *checkout, *build, *dev]:
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement

    def test_accelerators_have_the_bounds_of_jax(self, root: Path) -> None:
        """A plugin fits one version of JAX: bounds that drift apart would install another one."""
        project = _project(root)["project"]
        jax = next(Requirement(text) for text in project["dependencies"] if text.startswith("jax>"))
        for extra in ("cuda", "tpu"):
            (needed,) = map(Requirement, project["optional-dependencies"][extra])
            assert (needed.name, needed.specifier) == ("jax", jax.specifier)

    @pytest.mark.parametrize("python", PYTHONS)
    def test_both_files_pin_the_same_versions(self, root: Path, python: str) -> None:
        assert _pins(root / RUNTIME_LOCK, python).items() <= _pins(root / DEV_LOCK, python).items()

    @pytest.mark.parametrize("lock", [RUNTIME_LOCK, DEV_LOCK])
    def test_each_pin_has_hashes(self, root: Path, lock: str) -> None:
        text = (root / lock).read_text().replace("\\\n", " ")
        pins = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        assert pins
        for line in pins:
            assert re.search(r"^[A-Za-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line

    def test_no_file_names_a_registry(self, root: Path) -> None:
        """Whoever installs chooses where from: an address in a file would overrule the machine's own."""
        address = re.compile(
            rb"pythonhosted\.org|//[\w.-]*pypi[\w.-]*/|-index-url[= ]+\S*/|--find-links[= ]+\S*/"
        )
        for name in _tracked(root):
            file = root / name
            if file.is_file() and not file.is_symlink():
                found = address.search(file.read_bytes())
                assert found is None or file.samefile(__file__), f"{name}: {found}"


class TestDataFlow:
    """grammar -> compiler -> runtime: the compiler never trains, the runtime never parses."""

    def test_the_compiler_reaches_no_training_library(self, root: Path) -> None:
        imports = _imports(root)
        for module in _modules(imports, "wug.compiler", "wug.grammar"):
            chains = _reach(imports, module)
            for forbidden in ("jax", "jaxlib", "flax", "optax", "orbax", "wug.runtime", "wug.cli"):
                assert forbidden not in chains, " -> ".join(chains[forbidden])

    def test_the_runtime_reaches_no_parser(self, root: Path) -> None:
        imports = _imports(root)
        for module in _modules(imports, "wug.runtime"):
            chains = _reach(imports, module)
            for forbidden in ("lark", "wug.grammar", "wug.compiler.language.parse", "wug.cli"):
                assert forbidden not in chains, " -> ".join(chains[forbidden])


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command to its end and return its stdout; where it fails, fail with all it said."""
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    result = subprocess.run([*map(str, command)], cwd=cwd, env=clean, capture_output=True, text=True)
    assert result.returncode == 0, f"{command}: {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def _interpreter(version: str) -> str | None:
    """A Python of that version that really runs: version managers leave commands of that name that do not."""
    if version == ".".join(map(str, sys.version_info[:2])):
        return sys.executable
    found = shutil.which(f"python{version}")
    runs = found and subprocess.run([found, "-c", "import ensurepip, venv"], capture_output=True)
    return found if runs and runs.returncode == 0 else None


def _project(root: Path) -> dict[str, dict]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def _pins(lock: Path, python: str) -> dict[str, str]:
    """The versions by canonical name that a lock pins for one version of Python on this system."""
    pins = {}
    for line in lock.read_text().splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            requirement = Requirement(line.removesuffix("\\").strip())
            environment = {"python_version": python, "python_full_version": f"{python}.0"}
            if requirement.marker is None or requirement.marker.evaluate(environment):
                [specifier] = requirement.specifier
                name = canonicalize_name(requirement.name)
                assert name not in pins, f"{name} is pinned twice on {python}"
                pins[name] = specifier.version
    return pins


def _tracked(root: Path) -> list[str]:
    """Files that git tracks or would track; in an unpacked sdist, every file."""
    if (root / ".git").exists():
        listed = _run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=root)
        return [name for name in listed.split("\0") if name]
    return sorted(_tree(root, "."))


def _tree(root: Path, folder: str) -> set[str]:
    """Files below a folder, through links, relative to the root; without what Python leaves behind."""
    return {
        (Path(parent) / name).relative_to(root).as_posix()
        for parent, _, names in os.walk(root / folder, followlinks=True)
        for name in names
        if not parent.endswith("__pycache__")
    }


def _imports(root: Path) -> dict[str, set[str]]:
    """What each module of the project imports, anywhere in it, by dotted name."""
    found: dict[str, set[str]] = {}
    for folder, package in [
        ("compiler", "wug.compiler"),
        ("grammar", "wug.grammar"),
        ("runtime", "wug.runtime"),
    ]:
        for file in (root / "wug" / folder).glob("**/*.py"):
            parts = file.relative_to(root / "wug" / folder).with_suffix("").parts
            module = ".".join([package, *(part for part in parts if part != "__init__")])
            names = found.setdefault(module, set())
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    assert node.level == 0, f"{module}: relative import"
                    names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _modules(imports: dict[str, set[str]], *packages: str) -> list[str]:
    modules = [name for name in imports for package in packages if f"{name}.".startswith(f"{package}.")]
    assert modules
    return modules


def _reach(imports: dict[str, set[str]], start: str) -> dict[str, list[str]]:
    """Every name that a module imports, directly or through others, each with one chain that leads there."""
    chains = {start: [start]}
    queue = [start]
    while queue:
        module = queue.pop()
        for name in sorted(imports.get(module, ())):
            parts = name.split(".")
            for length in range(1, len(parts) + 1):  # importing a.b.c runs a and a.b
                prefix = ".".join(parts[:length])
                if prefix not in chains:
                    chains[prefix] = [*chains[module], prefix]
                    queue.append(prefix)
    return chains
