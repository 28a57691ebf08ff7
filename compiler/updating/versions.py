"""How the two versions of a world are called in what is written of them."""

BEFORE = "before"
"""The folder of the old version, below that of the new one."""
OLD = "old version"
"""The `set` of what is trained of the old version, beside those of the new one; no arm is called so."""
