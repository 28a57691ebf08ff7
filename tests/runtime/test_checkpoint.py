import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from wug.runtime.checkpoint import Checkpoints, load_parameters, save_parameters

# Tensorstore, which reads for Orbax, may tell of a failed read once more after Orbax has closed its loop.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

Captured = pytest.CaptureFixture[str]

TREE = {
    "weights": {
        "kernel": np.arange(600, dtype=np.float32).reshape(2, 300),
        "layers": {0: np.ones(3, np.float32)},
    }
}


def other(number: float) -> dict[str, object]:
    return {
        "weights": {"kernel": np.full((2, 300), number, np.float32), "layers": {0: np.ones(3, np.float32)}}
    }


def damage(folder: Path) -> None:
    """Turn over bytes in the middle of each data file of a step."""
    for file in folder.rglob("d/*"):
        data = bytearray(file.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 16] = bytes(255 - byte for byte in data[middle : middle + 16])
        file.write_bytes(data)


def test_the_latest_step_comes_back_with_its_facts(tmp_path: Path) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(3, TREE, {"log": [1]})
        checkpoints.save(7, other(2), {"log": [1, 2]})
    with Checkpoints(tmp_path) as checkpoints:
        found = checkpoints.restore(TREE, pytest.fail)
    assert found is not None
    step, tree, facts = found
    assert (step, facts) == (7, {"log": [1, 2]})
    np.testing.assert_array_equal(tree["weights"]["kernel"], np.full((2, 300), 2))
    np.testing.assert_array_equal(tree["weights"]["layers"][0], np.ones(3))


def test_a_damaged_step_falls_back_to_the_one_before_and_says_so(tmp_path: Path) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(3, TREE, {})
        checkpoints.save(7, other(2), {})
    damage(tmp_path / "7")
    said: list[str] = []
    with Checkpoints(tmp_path) as checkpoints:
        found = checkpoints.restore(TREE, said.append)
        assert found is not None
        assert found[0] == 3
        np.testing.assert_array_equal(found[1]["weights"]["kernel"], TREE["weights"]["kernel"])
        checkpoints.save(7, other(4), {})  # the step can be taken again
    assert len(said) == 1
    assert "checkpoint 7" in said[0]


@pytest.mark.parametrize("harm", ["lost", "flipped"])
def test_whatever_file_of_a_step_is_harmed(tmp_path: Path, harm: str, capfd: Captured) -> None:
    """Either it is noticed and the step before comes back, or the step itself does, as it was saved."""
    facts = {"log": [{"loss": 1.25}], "seconds": 2.5}
    whole, told = tmp_path / "whole", []
    with Checkpoints(whole) as checkpoints:
        checkpoints.save(3, TREE, facts)
        checkpoints.save(7, other(2), facts)
    files = [file.relative_to(whole) for file in sorted((whole / "7").rglob("*")) if file.is_file()]
    assert len(files) > 5
    for number, file in enumerate(files):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        data = (folder / file).read_bytes()
        if harm == "lost":
            (folder / file).unlink()
        else:
            middle = len(data) // 2
            (folder / file).write_bytes(
                bytes([*data[:middle], data[middle] ^ 1, *data[middle + 1 :]]) if data else b"x"
            )
        said: list[str] = []
        with Checkpoints(folder) as checkpoints:
            found = checkpoints.restore(TREE, said.append)
        assert found is not None, file
        assert (found[0], len(said)) in ((7, 0), (3, 1)), file
        assert found[2] == facts, file
        expected = other(2) if found[0] == 7 else TREE
        np.testing.assert_array_equal(found[1]["weights"]["kernel"], expected["weights"]["kernel"])
        told += said
    assert len(told) >= 3, "arrays, where they are, and facts"
    assert "Traceback" not in capfd.readouterr().err


def test_facts_are_checked_too(tmp_path: Path) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(3, TREE, {"loss": 1.25})
        checkpoints.save(7, TREE, {"loss": 1.5})
    [file] = (tmp_path / "7" / "facts").glob("metadata")
    file.write_bytes(file.read_bytes().replace(b"1.5", b"1.4"))
    said: list[str] = []
    with Checkpoints(tmp_path) as checkpoints:
        found = checkpoints.restore(TREE, said.append)
    assert found is not None
    assert (found[0], found[2], len(said)) == (3, {"loss": 1.25}, 1)


def test_where_all_steps_are_damaged_there_is_none(tmp_path: Path) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(3, TREE, {})
    damage(tmp_path / "3")
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.restore(TREE, lambda text: None) is None


def test_weights_are_whole_when_saving_returns(tmp_path: Path) -> None:
    save_parameters(tmp_path / "parameters", TREE)
    loaded = load_parameters(tmp_path / "parameters", TREE)
    np.testing.assert_array_equal(loaded["weights"]["kernel"], TREE["weights"]["kernel"])
    with pytest.raises(FileNotFoundError):
        load_parameters(tmp_path / "nothing", TREE)


def test_a_full_disk_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured) -> None:
    """It is found out before the arrays are written, and what is there stays."""
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(3, TREE, {})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=100_000))
    with pytest.raises(OSError, match="No space left") as caught, Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(7, other(2), {})
    assert caught.value.errno == errno.ENOSPC
    assert capfd.readouterr() == ("", "")
    with Checkpoints(tmp_path) as checkpoints:
        found = checkpoints.restore(TREE, pytest.fail)
    assert found is not None
    assert found[0] == 3


def test_a_disk_that_fills_up_while_it_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured
) -> None:
    """TensorStore says it in its own way, in a thread, when the writing is waited for."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError("RESOURCE_EXHAUSTED: Failed to write 186 bytes [os_error_code='28']")

    monkeypatch.setattr("orbax.checkpoint.CheckpointManager.wait_until_finished", fail)
    with pytest.raises(OSError, match="No space left") as caught, Checkpoints(tmp_path) as checkpoints:
        checkpoints.wait()
    assert caught.value.errno == errno.ENOSPC
    assert capfd.readouterr().err == ""
