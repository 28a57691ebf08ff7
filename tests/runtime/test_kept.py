"""What is kept of unfinished work, and what becomes of it where it is damaged."""

import errno
from contextlib import suppress
from pathlib import Path

import pytest

from wug.compiler.store import Store
from wug.runtime.kept import Kept


def cut_short(path: Path, pieces: dict[str, object]) -> None:
    """Leave the pieces as a process does that ends before its work is done."""
    with suppress(KeyboardInterrupt), Kept(path) as kept:
        kept.put(pieces)
        raise KeyboardInterrupt


def found(path: Path) -> dict[str, object]:
    pieces: dict[str, object] = {}
    with suppress(KeyboardInterrupt), Kept(path) as kept:
        pieces = {name: kept.get(name) for name in ("a", "b", "c")}
        raise KeyboardInterrupt
    return pieces


PIECES = {"a": [1.1, "é\u2028"], "b": ["two", 0.1], "c": [3]}


def test_pieces_come_back_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    cut_short(path, {"a": PIECES["a"]})
    cut_short(path, {"b": PIECES["b"], "c": PIECES["c"]})
    assert found(path) == PIECES


def test_pieces_go_only_once_their_entry_is_whole(tmp_path: Path) -> None:
    with Store(tmp_path).entry("kind", "key", resume=True) as entry, Kept(entry.kept) as kept:
        kept.put(PIECES)
        assert (len(kept), kept.damaged) == (3, 0)
    assert found(entry.kept) == PIECES
    with Store(tmp_path).entry("kind", "key", resume=True) as entry:
        entry.commit()
    assert not entry.kept.exists()


def test_a_piece_that_was_cut_short_is_none_and_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    cut_short(path, PIECES)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rindex(b"\n") + 1
    for end in (last + 1, last + 33, len(whole) - 2):
        path.write_bytes(whole[:end])
        assert found(path) == {**PIECES, "c": None}
        cut_short(path, {"c": PIECES["c"]})
        assert found(path) == PIECES


def test_a_flipped_byte_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    cut_short(path, PIECES)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(bytes([*whole[:place], whole[place] ^ 1, *whole[place + 1 :]]))
        pieces = found(path)
        lost = [name for name, value in pieces.items() if value is None]
        # the end of a line is of two of them; that of the last one is of no more than itself
        assert len(lost) in ((1, 2) if whole[place] == 10 else (1,)), f"byte {place}: {pieces}"
        assert all(pieces[name] == PIECES[name] for name in PIECES if name not in lost)


def test_damage_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    cut_short(path, PIECES)
    path.write_bytes(path.read_bytes().replace(b"two", b"too"))
    with Kept(path) as kept:
        assert (len(kept), kept.damaged) == (2, 1)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("ab")  # noqa: SIM115
    monkeypatch.setattr(Path, "open", lambda path, mode: full)
    with pytest.raises(OSError, match="No space left") as caught, Kept(tmp_path / "kept") as kept:
        kept.put(PIECES)
    assert caught.value.errno == errno.ENOSPC
