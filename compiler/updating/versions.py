"""How the two versions of a world are called, and what a fact of the new one may be."""

STATES = KEPT, CHANGED, ADDED = "kept", "changed", "added"
"""What a fact of the new version may be; one of the old version alone is removed, or was replaced."""
REMOVED = "removed"
BEFORE = "before"
"""The folder of the old version, below that of the new one."""
OLD = "old version"
"""The `set` of what is trained of the old version, beside those of the new one; no arm is called so."""
