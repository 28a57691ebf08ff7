"""Episodes: what pretraining reads, little fresh worlds as rows of tokens, and the held-out probe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wug.runtime.corpus import Ints, manifest_digest, verify
from wug.runtime.failure import Damaged
from wug.runtime.keys import digest

Tokens = npt.NDArray[np.uint16]

PADDED = 0  # behind an episode, as it was compiled


@dataclass(frozen=True)
class Probe:
    """Held-out questions whose answers lie in their context. Question q's choices are rows 2q and 2q + 1."""

    rows: tuple[Ints, ...]  # context, cue and choice, <doc> in front
    start: Ints  # the first token of the choice, for each row
    answer_Q: npt.NDArray[np.uint8]
    kind_Q: npt.NDArray[np.uint8]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Phase:
    """A stretch of pretraining on `rows` episodes from row `first` on, `batch` of them in each of `steps`."""

    first: int
    rows: int
    batch: int
    steps: int


@dataclass(frozen=True)
class Episodes:
    """Compiled episodes: E rows of T tokens, padded on the right, memory-mapped. The first `questions_E`
    tokens of a row are its facts."""

    digest: str
    vocabulary: int
    tokens_ET: Tokens
    length_E: Ints
    questions_E: Ints
    probe: Probe
    curriculum: tuple[tuple[int, int, int], ...] = ()  # rows, batch and steps of each phase, in order

    def phases(self, batch: int, steps: int) -> tuple[Phase, ...]:
        """How `steps` steps go through the episodes: by the curriculum, the last phase as long as it takes.

        Without a curriculum all episodes are one phase of batches of `batch`.
        """
        phases, first, left = [], 0, steps
        curriculum = self.curriculum or ((len(self.tokens_ET), batch, steps),)
        for number, (rows, batch_rows, phase_steps) in enumerate(curriculum):
            taken = left if number == len(curriculum) - 1 else min(left, phase_steps)
            phases.append(Phase(first, rows, batch_rows, taken))
            first, left = first + rows, left - taken
        return tuple(phase for phase in phases if phase.steps)


def episodes_digest(folder: Path) -> str:
    """Identifies the episodes, from their manifest where there is one, else from the files themselves."""
    if (folder / "manifest.json").exists():
        return manifest_digest(folder)
    return digest("".join(digest(file.read_bytes()) for file in sorted(folder.glob("*.np[yz]"))).encode())


def load(folder: Path, tokenizer: Path) -> Episodes:
    """Read compiled episodes, made with the same tokenizer file as the corpus. Raises Damaged."""
    if (folder / "manifest.json").exists():
        verify(folder)
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        tokens_ET = np.load(folder / "episodes.npy", mmap_mode="r", allow_pickle=False)
        questions_E = np.load(folder / "questions.npy", allow_pickle=False)
        cue_QT, choices_QKA, answer_Q, kind_Q = (
            np.load(folder / f"probe_{name}.npy", allow_pickle=False)
            for name in ("cue", "choices", "answer", "kind")
        )
    except (OSError, ValueError) as error:
        raise Damaged(
            f"the episodes in {folder} cannot be read ({error}): 'wug clean', then 'wug compile'"
        ) from error
    if (folder / "tokenizer.json").read_bytes() != tokenizer.read_bytes():
        raise Damaged(
            f"{folder} and {tokenizer.parent} have other tokenizers: 'wug clean', then 'wug compile'"
        )
    return Episodes(
        digest=episodes_digest(folder),
        vocabulary=int(meta["vocab"]),
        tokens_ET=tokens_ET,
        length_E=np.count_nonzero(tokens_ET, axis=1).astype(np.int32),
        questions_E=questions_E.astype(np.int32),
        curriculum=tuple(
            (int(phase["rows"]), int(phase["batch"]), int(phase["steps"])) for phase in meta.get("phases", [])
        ),
        probe=_probe(cue_QT, choices_QKA, answer_Q, kind_Q, tuple(meta["kinds"])),
    )


def _probe(
    cue_QT: Tokens,
    choices_QKA: Tokens,
    answer_Q: npt.NDArray[np.uint8],
    kind_Q: npt.NDArray[np.uint8],
    kinds: tuple[str, ...],
) -> Probe:
    rows, start = [], []
    for cue_T, choices_KA in zip(cue_QT, choices_QKA, strict=True):
        cue = cue_T[cue_T != PADDED]
        for choice_A in choices_KA:
            rows.append(np.concatenate([cue, choice_A[choice_A != PADDED]]).astype(np.int32))
            start.append(len(cue))
    return Probe(tuple(rows), np.array(start, np.int32), answer_Q, kind_Q, kinds)
