"""The store: whole or not there at all, one maker at a time, and a way out where the machine refuses."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wug.compiler.store import EnvironmentFailure, Store, environment, is_marked

MAKER = """
import sys, time
from pathlib import Path
from typing import Any
from wug.compiler.store import Store

root, log, mark = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
with Store(root).entry("kind", "key", waiting=lambda: print("waiting", flush=True)) as entry:
    if not entry.ready:
        (entry.scratch / "half").write_text(mark)
        print("making", flush=True)
        while not log.exists():
            time.sleep(0.01)
        (entry.scratch / "rest").write_text(mark)
        entry.commit()
print((entry.path / "rest").read_text(), flush=True)
"""


def maker(root: Path, go: Path, mark: str) -> subprocess.Popen[str]:
    """A process that begins an entry and finishes it when `go` is there."""
    arguments = [sys.executable, "-c", MAKER, str(root), str(go), mark]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_an_entry_is_there_when_it_is_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "build")
    with store.entry("a/b", "key") as entry:
        assert not entry.ready
        (entry.scratch / "file").write_text("content")
        assert not store.has("a/b", "key")
        entry.commit()
    assert store.has("a/b", "key")
    with store.entry("a/b", "key") as again:
        assert again.ready
        assert (again.path / "file").read_text() == "content"
    tag = tmp_path / "build" / "a" / "b" / "CACHEDIR.TAG"
    assert tag.read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_only_what_the_store_made_is_marked(tmp_path: Path) -> None:
    foreign, killed, other = tmp_path / "lib" / "world", tmp_path / "lib" / "runs", tmp_path / "other"
    for folder in (foreign, killed, other):
        folder.mkdir(parents=True)
    (foreign / "photo").touch()
    (killed / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d1")
    (other / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# By another program\n")
    for kind in ("lib/world", "lib/runs", "lib/compiled", "other"):
        with Store(tmp_path).entry(kind, "key") as entry:
            entry.commit()
    assert is_marked(killed)
    assert is_marked(tmp_path / "lib" / "compiled")
    assert not any(map(is_marked, (foreign, other, tmp_path / "lib", tmp_path)))


def test_what_is_not_committed_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.entry("kind", "key") as entry:
        (entry.scratch / "half").write_text("half")
    assert not store.has("kind", "key")
    with store.entry("kind", "key") as entry:
        assert not list(entry.scratch.iterdir()), "without resume the next one starts anew"
        (entry.scratch / "half").write_text("half")
    with store.entry("kind", "key", resume=True) as entry:
        assert [path.name for path in entry.scratch.iterdir()] == ["half"]


def _damaged(root: Path, kind: str) -> Path:
    """A store with one entry of three files, to which something happened; the folder of the entry."""
    with Store(root).entry("kind", "key") as entry:
        (entry.scratch / "inner").mkdir()
        for name in ("first", "inner/second", "inner/third"):
            (entry.scratch / name).write_text(f"what {name} holds")
        entry.commit()
    second, digests = entry.path / "inner" / "second", entry.path.with_name("key.digests")
    if kind == "a lost file":
        second.unlink()
    elif kind == "a flipped byte":
        second.write_bytes(bytes([second.read_bytes()[0] ^ 1, *second.read_bytes()[1:]]))
    elif kind == "a file cut short":
        second.write_bytes(second.read_bytes()[:-1])
    elif kind == "digests cut short":
        digests.write_bytes(digests.read_bytes()[:-5])
    elif kind == "no digests":
        digests.unlink()
    elif kind == "digests that are a folder":
        digests.unlink()
        digests.mkdir()
    elif kind == "a file for a folder":
        shutil.rmtree(second.parent)
        second.parent.touch()
    elif kind != "nothing":
        second.unlink()
        if kind == "a folder":
            second.mkdir()
        elif kind == "a pipe":
            os.mkfifo(second)
        else:
            second.symlink_to({"a circle": second, "a device": "/dev/zero"}[kind])
    return entry.path


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("a lost file", "inner/second is missing"),
        ("a flipped byte", "inner/second is not as it was written"),
        ("a file cut short", "inner/second is not as it was written"),
        ("digests cut short", "key.digests cannot be read"),
        ("digests that are a folder", "key.digests is no regular file"),
        ("a file for a folder", "inner/second is missing"),
        ("a folder", "inner/second is no regular file"),
        ("a pipe", "inner/second is no regular file"),
        ("a circle", "inner/second is no regular file"),
        ("a device", "inner/second is no regular file"),
    ],
)
def test_a_damaged_entry_is_named_and_made_anew(tmp_path: Path, kind: str, named: str) -> None:
    path, said = _damaged(tmp_path, kind), list[str]()
    store = Store(tmp_path, said.append)
    assert not store.has("kind", "key")
    with store.entry("kind", "key") as entry:
        assert not entry.ready
        assert not path.exists(), "nobody takes it for whole meanwhile"
        (entry.scratch / "first").write_text("anew")
        entry.commit()
    assert said == [f"{path} is damaged ({named}): it is made anew"]
    with Store(tmp_path, said.append).entry("kind", "key") as entry:
        assert entry.ready
    assert [file.name for file in path.iterdir()] == ["first"]
    assert len(said) == 1
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "CACHEDIR.TAG",
        "key",
        "key.digests",
        "key.lock",
    ]


@pytest.mark.parametrize("kind", ["nothing", "no digests"])
def test_an_entry_that_is_well_or_older_than_digests_is_taken(tmp_path: Path, kind: str) -> None:
    _damaged(tmp_path, kind)
    with Store(tmp_path, pytest.fail).entry("kind", "key") as entry:
        assert entry.ready


def test_a_failure_inside_leaves_no_entry(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError), store.entry("kind", "key"):
        raise RuntimeError
    assert not store.has("kind", "key")
    with store.entry("kind", "key") as entry:
        assert not entry.ready


def test_a_killed_process_leaves_no_entry(tmp_path: Path) -> None:
    process = maker(tmp_path / "build", tmp_path / "go", "killed")
    assert line(process) == "making"
    process.kill()
    process.wait()
    store = Store(tmp_path / "build")
    assert not store.has("kind", "key")
    with store.entry("kind", "key", waiting=lambda: pytest.fail("the lock died with its holder")) as entry:
        assert not entry.ready


def test_two_processes_share_one_entry(tmp_path: Path) -> None:
    go = tmp_path / "go"
    first = maker(tmp_path / "build", go, "first")
    assert line(first) == "making"
    second = maker(tmp_path / "build", go, "second")
    assert line(second) == "waiting"
    go.touch()
    assert line(first) == line(second) == "first", "the second one takes what the first one made"
    assert first.wait() == second.wait() == 0


def test_the_next_one_makes_what_a_killed_one_began(tmp_path: Path) -> None:
    go = tmp_path / "go"
    first = maker(tmp_path / "build", go, "first")
    assert line(first) == "making"
    second = maker(tmp_path / "build", go, "second")
    assert line(second) == "waiting"
    first.kill()
    first.wait()
    assert line(second) == "making"
    go.touch()
    assert line(second) == "second"
    assert second.wait() == 0


def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file")
    way_out = pytest.raises(EnvironmentFailure, match=r"a file stands where a folder is needed.*--build")
    with way_out, Store(tmp_path / "build").entry("kind", "key"):
        pytest.fail("there is no place to write")


def test_a_file_in_place_of_an_entry(tmp_path: Path) -> None:
    (tmp_path / "kind").mkdir()
    (tmp_path / "kind" / "key").write_text("a file")
    way_out = pytest.raises(EnvironmentFailure, match="a file stands where a folder is needed")
    with way_out, Store(tmp_path).entry("kind", "key") as entry:
        entry.commit()


@pytest.mark.parametrize(
    ("number", "way_out"),
    [
        (errno.ENOSPC, "disk is full: free some space, or run 'wug clean'"),
        (errno.EDQUOT, "quota is used up"),
        (errno.EROFS, "read-only: choose another folder with --build DIR"),
        (errno.EACCES, "permission denied: choose another folder with --build DIR"),
        (errno.EFBIG, "too large for this disk"),
    ],
)
def test_what_the_machine_refuses_has_a_way_out(tmp_path: Path, number: int, way_out: str) -> None:
    with pytest.raises(EnvironmentFailure, match=way_out), Store(tmp_path).entry("kind", "key"):
        raise OSError(number, os.strerror(number), "some/file")
    assert not Store(tmp_path).has("kind", "key")


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), environment(tmp_path):
        tmp_path.read_bytes()


def test_a_read_only_folder(tmp_path: Path) -> None:
    """As another user than root, who may write everywhere."""
    folder = tmp_path / "build"
    folder.mkdir()
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        code = (
            "import os, sys\n"
            "from pathlib import Path\n"
            "from wug.compiler.store import EnvironmentFailure, Store\n"
            "os.setuid(65534)\n"
            "try:\n"
            "    with Store(Path(sys.argv[1])).entry('kind', 'key'): pass\n"
            "except EnvironmentFailure as failure:\n"
            "    print(failure)\n"
        )
        for parent in folder.parents:
            if (
                parent.stat().st_uid == os.getuid()
                and parent.is_relative_to("/tmp")
                and parent != Path("/tmp")
            ):
                parent.chmod(parent.stat().st_mode | 0o055)
        said = subprocess.run(
            [sys.executable, "-c", code, str(folder)], capture_output=True, text=True
        ).stdout
    else:
        with pytest.raises(EnvironmentFailure) as caught, Store(folder).entry("kind", "key"):
            pass
        said = str(caught.value)
    assert "permission denied: choose another folder with --build DIR" in said


@pytest.mark.parametrize("largest", [600, 5000, 20_000])
def test_a_full_disk_while_compiling(root: Path, tmp_path: Path, largest: int) -> None:
    """No file may grow beyond `largest` bytes, so that tables, tokenizer and episodes fail in turn."""
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest}))\n"
        "from wug.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    spec = root / "specs" / "experiments" / "hello.experiment"
    command = [sys.executable, "-c", code, "compile", str(spec), "--build", str(tmp_path / "build")]
    # otherwise a module that nobody imported before is cached as far as the limit goes
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 4, done.stderr
    assert "cannot write" in done.stderr
    assert "--build" in done.stderr or "wug clean" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "build").rglob("episodes/*/manifest.json")), (
        "nothing half-written is taken for whole"
    )


def make(store: Store, text: str = "made", key: str = "key") -> Path:
    with store.entry("kind", key) as entry:
        if not entry.ready:
            (entry.scratch / "file").write_text(text)
            entry.commit()
    return entry.path


def test_what_one_machine_made_another_takes(tmp_path: Path) -> None:
    one, other = (Store(tmp_path / name, shared=tmp_path / "shared") for name in ("one", "other"))
    make(one)
    assert other.has("kind", "key")
    assert (make(other, "made again") / "file").read_text() == "made"
    assert other.digest("kind", "key") == one.digest("kind", "key")
    assert sorted(path.name for path in (tmp_path / "other" / "kind").iterdir()) == [
        "CACHEDIR.TAG",
        "key",
        "key.digests",
        "key.lock",
    ]
    assert [path.name for path in (tmp_path / "other" / "kind" / "key").iterdir()] == ["file"]


def test_what_was_there_before_is_shared_once_it_is_taken(tmp_path: Path) -> None:
    make(Store(tmp_path / "one"))
    shared = tmp_path / "shared"
    assert Store(tmp_path / "one", shared=shared).has("kind", "key")
    assert Store(tmp_path / "other", shared=shared).has("kind", "key")
    assert not Store(tmp_path / "third").has("kind", "key")


def test_what_is_damaged_on_the_way_is_not_taken(tmp_path: Path) -> None:
    shared, said = tmp_path / "shared", list[str]()
    make(Store(tmp_path / "one", shared=shared))
    (shared / "kind" / "key" / "file").write_text("other")
    other = Store(tmp_path / "other", said.append, shared=shared)
    assert not other.has("kind", "key")
    assert said == [f"{shared / 'kind' / 'key'} is damaged (file is not as it was written): it is not taken"]
    assert (make(other, "made anew") / "file").read_text() == "made anew"
    assert not list((tmp_path / "other" / "kind").glob("*.copy*"))


def test_a_half_copied_entry_is_none(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "kind" / "key").mkdir(parents=True)
    (shared / "kind" / "key" / "file").write_text("half")
    assert not Store(tmp_path / "one", shared=shared).has("kind", "key")


def _both(tmp_path: str, number: int, begin: Any) -> None:
    store = Store(Path(tmp_path) / f"{number % 3}", shared=Path(tmp_path) / "shared")
    begin.wait()
    for key in range(12):
        make(store, f"{key}", f"{key}")


def test_many_at_once_over_a_shared_folder(tmp_path: Path) -> None:
    """Eight processes, three build folders and one that they share: nothing is torn."""
    begin = multiprocessing.Barrier(8)
    every = [multiprocessing.Process(target=_both, args=(str(tmp_path), n, begin)) for n in range(8)]
    for process in every:
        process.start()
    for process in every:
        process.join(60)
        assert process.exitcode == 0
    for name in ("0", "1", "2"):
        store = Store(tmp_path / name)
        for key in range(12):
            assert store.has("kind", f"{key}")
            assert (store.path("kind", f"{key}") / "file").read_text() == f"{key}"
    assert not [*tmp_path.rglob("*.copy*"), *tmp_path.rglob("*.partial")]
