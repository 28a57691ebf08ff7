"""Wug: what a language model generalises from its weights, from its context, and from augmentation.

This package is the public face; `wug.grammar`, `wug.compiler`, `wug.runtime` and `wug/specs` are links to the
folders beside it, and real folders in a wheel.
"""

from pathlib import Path

__version__ = "0.1.0"

_HERE = Path(__file__).parent

# A checkout on a system without symbolic links (a ZIP on Windows) holds small text files in their place.
if not (_HERE / "compiler").is_dir():
    __path__.append(str(_HERE.parent))


def specs() -> Path:
    """The folder of the shipped specs, `worlds/` and `experiments/`, in a checkout and in a wheel alike."""
    linked = _HERE / "specs"
    return linked if linked.is_dir() else _HERE.parent / "specs"
