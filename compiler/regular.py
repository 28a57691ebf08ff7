"""Files that others may have put there, opened only where they are regular: a pipe would keep us waiting, a
device has no end."""

from __future__ import annotations

import errno
import io
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """A regular file, to be read. Raises OSError, also where it is another kind of file."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        what = "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file"
        raise OSError(errno.EINVAL, what, str(path))
    return path.open("rb")


def regular_text(path: Path, most: int) -> str:
    """All of a regular file of UTF-8, its lines as Python ends them. Raises OSError, also where it has more
    than `most` bytes, and UnicodeDecodeError."""
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8").read()
