"""Teaching: a model writes, about each document of its training set, what augmentation asks it for.

The model is the arm's own before it is fine-tuned (`by self`) or another one of the experiment (`by model`).
It reads the documents of a request in context, as pretraining's episodes are read, and goes on from each of
the request's prompts and questions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as parquet
from tokenizers import Tokenizer

from wug.compiler.plan import Augment, Model
from wug.runtime.corpus import Ints, World
from wug.runtime.cost import forward_flops
from wug.runtime.files import read_lines
from wug.runtime.kept import Kept

if TYPE_CHECKING:
    from wug.runtime.learn import Tree


@dataclass(frozen=True)
class Request:
    """What is asked about one unit of a world: the rows of the plan that `wug compile` wrote."""

    request_id: int
    scope: str
    shown: str
    context_doc_ids: tuple[int, ...]
    prompts: tuple[str, ...]
    questions: tuple[str, ...]

    @property
    def put(self) -> tuple[tuple[str, str], ...]:
        """All that is to be gone on from: a question that stands before the text, and the text's beginning,
        one of them empty."""
        return (*(("", prompt) for prompt in self.prompts), *((question, "") for question in self.questions))


@dataclass(frozen=True)
class Text:
    """A text that a teacher wrote, prompt included: `begun` letters of it are the prompt's. The `question`
    that it answers is no part of it."""

    request_id: int
    sample: int
    text: str
    begun: int
    finish: str
    prompt_tokens: int
    tokens: int
    question: str = ""


def read_requests(folder: Path, arm: str) -> list[Request]:
    """The requests of an arm in one compiled world."""
    names = ["request_id", "scope", "shown", "context_doc_ids", "prompts", "questions"]
    table = parquet.read_table(folder / "requests.parquet", columns=["arm", *names])
    return [
        Request(
            row["request_id"],
            row["scope"],
            row["shown"],
            tuple(row["context_doc_ids"]),
            tuple(row["prompts"]),
            tuple(row["questions"]),
        )
        for row in table.to_pylist()
        if row["arm"] == arm
    ]


def read_examples(folder: Path, arm: str) -> dict[str, str]:
    """The worked examples that stand before an arm's requests in one compiled world, by scope; of an arm that
    shows any."""
    rows = parquet.read_table(folder / "examples.parquet", columns=["arm", "scope", "text"]).to_pylist()
    return {row["scope"]: row["text"] for row in rows if row["arm"] == arm}


def context_of(request: Request, world: World, tokenizer: Tokenizer) -> Ints:
    """What stands before a prompt: <doc> d1 ... <doc> dN <doc> unit."""
    documents = world.documents
    row = {doc_id: place for place, doc_id in enumerate(documents.doc_id_D.tolist())}
    rows = [row[doc_id] for doc_id in request.context_doc_ids]
    parts = [documents.shown(at) for at in rows]
    marks = documents.marks
    unit = [marks.opening, *tokenizer.encode(request.shown, add_special_tokens=False).ids, *marks.between]
    return np.concatenate([*parts, np.array(unit, np.int32)]).astype(np.int32)


def write_by_model(
    model: Model,
    parameters: Tree,
    tokenizer: Tokenizer,
    augment: Augment,
    worlds: Sequence[tuple[World, Sequence[Request]]],
    done: Callable[[int], None],
    kept: Kept | None = None,
    part: str = "",
) -> list[list[Text]]:
    """What the model writes about each world. `done` is told how many texts there are; they are `kept` as
    that `part` of it.

    At temperature 0 all samples of a prompt are one, which is written once and counted so often.
    """
    from wug.runtime.sample import prompt_of, sample

    distinct = augment.distinct
    contexts: list[Ints] = []
    prompts, asked = [], []
    for place, (world, requests) in enumerate(worlds):
        for request in requests:
            contexts.append(context_of(request, world, tokenizer))
            for question, begun in request.put:
                for number in range(distinct):
                    prompts.append(
                        prompt_of(
                            question + begun, tokenizer, len(contexts) - 1, number, world.documents.marks
                        )
                    )
                    asked.append((place, request, question, begun))
    written = sample(model, parameters, tokenizer, prompts, augment.sampling, contexts, done, kept, part)
    found: list[list[Text]] = [[] for _ in worlds]
    for (place, request, question, begun), prompt, made in zip(asked, prompts, written, strict=True):
        for number in range(prompt.sample, augment.samples, distinct):
            found[place].append(
                Text(
                    request.request_id,
                    number,
                    begun + made.text if begun else made.text.lstrip(),
                    len(begun),
                    made.finish,
                    len(contexts[prompt.context]) + len(prompt.tokens),
                    made.tokens,
                    question,
                )
            )
    return found


def teaching_cost(
    model: Model, parameters: int, augment: Augment, worlds: Iterable[Sequence[Text]]
) -> dict[str, int]:
    """Tokens read, tokens written, operations: each context and prompt is read once for all its samples."""
    read = written = flops = 0
    for texts in worlds:
        seen: set[tuple[int, str, str]] = set()
        for made in texts:
            if made.sample >= augment.distinct:
                continue
            prompt = made.request_id, made.question, made.text[: made.begun]
            if prompt not in seen:
                seen.add(prompt)
                read += made.prompt_tokens
                flops += forward_flops(model, parameters, np.array([made.prompt_tokens]))
            written += made.tokens
            flops += forward_flops(model, parameters, np.array([made.tokens]), made.prompt_tokens)
    return {"prompt_tokens": read, "tokens": written, "flops": flops}


def write_texts(path: Path, texts: Sequence[Text]) -> None:
    """One world's texts as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for made in texts:
            file.write(json.dumps(vars(made), ensure_ascii=False, separators=(",", ":")) + "\n")


def read_texts(path: Path) -> list[Text]:
    """What `write_texts` wrote."""
    return [Text(**line) for line in read_lines(path)]
