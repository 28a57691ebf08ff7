"""The versions of the stages of the compiler. One is raised whenever what a stage writes for the same spec
changes; a test of golden hashes insists on it."""

CORPUS_VERSION = 16
EPISODES_VERSION = 6
TUNING_VERSION = 1

COMPILER = f"corpus {CORPUS_VERSION}, episodes {EPISODES_VERSION}, tuning {TUNING_VERSION}"
"""What the bytes of compiled work depend on beside the spec and all that it reads."""
