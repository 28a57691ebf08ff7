"""The augmentation plan as files, and what came of it: requests, what they admit, and what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from tokenizers import Tokenizer

from wug.compiler.augmenting.admissible import admissible
from wug.compiler.augmenting.continuation import preface
from wug.compiler.augmenting.examples import examples
from wug.compiler.augmenting.requests import Lengths, Request, asked_units, requests, roughly
from wug.compiler.augmenting.withheld import withheld
from wug.compiler.augmenting.written import Answer, Written, written
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.emitting.emit import (
    DOCUMENTS,
    SENTENCES,
    VIEWS,
    document_columns,
    sentence_columns,
    view_rows,
    write_table,
)
from wug.compiler.emitting.proof_table import FactNumbers
from wug.compiler.experiment import Arm, Experiment

REQUESTS = pa.schema(
    [
        ("arm", pa.string()),
        ("request_id", pa.int32()),
        ("scope", pa.string()),
        ("doc_id", pa.int32()),
        ("shown", pa.string()),
        ("context_doc_ids", pa.list_(pa.int32())),
        ("prompts", pa.list_(pa.string())),
        ("questions", pa.list_(pa.string())),
        ("facts", pa.list_(pa.int32())),
    ]
)
ADMISSIBLE = pa.schema(
    [
        ("arm", pa.string()),
        ("request_id", pa.int32()),
        ("fact", pa.int32()),
        ("relation", pa.string()),
        ("form", pa.string()),
        ("kind", pa.string()),
        ("depth", pa.int32()),
        ("statement", pa.string()),
        ("stated", pa.bool_()),
        ("proof", pa.string()),
    ]
)
EXAMPLES = pa.schema(
    [("arm", pa.string()), ("scope", pa.string()), ("text", pa.string()), ("names", pa.list_(pa.string()))]
)
AUDIT = pa.schema(
    [
        ("text", pa.string()),
        ("verdict", pa.string()),
        ("kind", pa.string()),
        ("depth", pa.int32()),
        ("form", pa.string()),
        ("statements", pa.list_(pa.string())),
        ("facts", pa.list_(pa.int32())),
        ("withheld", pa.bool_()),
        ("too_long", pa.bool_()),
        ("kept", pa.bool_()),
    ]
)
PLANNED = {"requests": REQUESTS, "admissible": ADMISSIBLE, "examples": EXAMPLES}


def token_counts(tokenizer: Tokenizer) -> Lengths:
    """How many tokens texts have under a tokenizer."""
    return lambda texts: [len(each) for each in tokenizer.encode_batch_fast(list(texts))]


def emit_requests(draft: Draft, of: int, lengths: Lengths, folder: Path) -> dict[str, int]:
    """The augmentation plan of one world, where some arm augments. `lengths` counts the tokens of texts.

    Returned is, for each arm that a model of the experiment writes for, how many tokens that model must see
    at once to say one.
    """
    tables = request_columns(draft, of, lengths)
    for name, columns in tables.items():
        write_table(folder, name, columns, PLANNED[name])
    written = {arm.name for arm in draft.experiment.arms if arm.augment and arm.augment.teacher == "self"}
    needed = dict.fromkeys(sorted(written), 0)
    if not needed:
        return {}
    asked = tables["requests"]
    sizes = lengths(draft.world_documents(of).text.tolist())
    shown = lengths(asked["shown"])
    for row, arm in enumerate(asked["arm"]):
        if arm in written:
            before = sum(sizes[document] + 1 for document in asked["context_doc_ids"][row])
            cue = max(lengths([*asked["prompts"][row], *asked["questions"][row]]), default=0)
            needed[arm] = max(needed[arm], before + shown[row] + cue + 3)  # two <doc>, and a token to say
    return needed


def request_columns(draft: Draft, of: int, lengths: Lengths) -> dict[str, dict[str, list[Any]]]:
    """The tables of the augmentation plan of one world: what each arm's teacher is asked, what that admits,
    and, where there are any, the worked examples that stand before it."""
    augmented = [arm for arm in draft.experiment.arms if arm.augment and arm.part != "old"]
    if not augmented:
        return {}
    numbers = FactNumbers(draft.closures, of)
    documents = draft.world_documents(of)
    asked: dict[str, list[Any]] = {field.name: [] for field in REQUESTS}
    admitted: dict[str, list[Any]] = {field.name: [] for field in ADMISSIBLE}
    worked: dict[str, list[Any]] = {field.name: [] for field in EXAMPLES}
    for arm in augmented:
        assert arm.augment is not None
        prefaces: dict[str, str] = {}
        for scope, shown in examples(arm, draft, of).items():
            prefaces[scope] = preface(arm.augment, scope, shown)
            names = sorted({name for example in shown for name in example.names})
            _add(worked, {"arm": arm.name, "scope": scope, "text": prefaces[scope], "names": names})
        made = requests(arm, draft, of, documents, lengths, prefaces)
        _check_room(arm, made, prefaces)
        held = withheld(arm.augment, draft, draft.taught)
        inferred_by = admissible(arm.augment, made, draft, draft.taught, of, documents)
        for number, (request, inferred) in enumerate(zip(made, inferred_by, strict=True)):
            unit = request.unit
            row = {
                "arm": arm.name,
                "request_id": number,
                "scope": request.scope,
                "doc_id": unit.document,
                "shown": str(documents.text[unit.document])[unit.start : unit.end],
                "context_doc_ids": list(request.sources),
                "prompts": list(request.prompts),
                "questions": list(request.questions),
                "facts": [numbers(*fact) for fact, _ in unit.facts],
            }
            _add(asked, row)
            for each in inferred:
                if held.facts[each.fact[0]][each.fact[1]]:
                    continue
                row = {
                    "arm": arm.name,
                    "request_id": number,
                    "fact": numbers(*each.fact),
                    "relation": each.fact[0],
                    "form": each.form,
                    "kind": each.kind,
                    "depth": each.depth,
                    "statement": each.statement,
                    "stated": each.stated,
                    "proof": each.proof,
                }
                _add(admitted, row)
    found = {"requests": asked, "admissible": admitted}
    shows = any(arm.augment is not None and arm.augment.examples for arm in augmented)
    return found | ({"examples": worked} if shows else {})


def _add(columns: Mapping[str, list[Any]], row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        columns[name].append(value)


def _check_room(arm: Arm, made: list[Request], prefaces: Mapping[str, str]) -> None:
    """Report an arm whose worked examples leave no room for a document (W0502)."""
    augment = arm.augment
    assert augment is not None
    longest = max(
        (sum(roughly([prefaces[each.scope], *each.prompts])) for each in made if each.scope in prefaces),
        default=0,
    )
    if prefaces and longest + augment.max_tokens > augment.context:
        message = (
            f"arm '{arm.name}' shows worked examples, a document and an answer of up to about "
            f"{longest + augment.max_tokens:,} tokens; its server's model sees {augment.context:,}"
        )
        help = (
            "lower 'examples' or 'max_tokens', or raise the 'context' of the endpoint if its model has more"
        )
        Report().fail("W0502", message, arm.span, help=help)


def emit_written(draft: Draft, of: int, made: Written, answers: Sequence[Answer], folder: Path) -> None:
    """What a teacher wrote about one world: the texts and their verdicts, the documents that are made of
    them, what those say, and what their arm then sees."""
    numbers = FactNumbers(draft.closures, of)
    names = ("text", "verdict", "kind", "depth", "form", "withheld")
    columns: dict[str, Any] = {name: [getattr(each, name) for each in made.judged] for name in names}
    columns["statements"] = [list(each.statements) for each in made.judged]
    columns["facts"] = [[numbers(*fact) for fact in each.said] for each in made.judged]
    columns["too_long"] = [answer.too_long for answer in answers]
    columns["kept"] = list(made.kept)
    write_table(folder, "audit", columns, AUDIT)
    first = len(draft.world_documents(of))  # they are numbered on
    documents = document_columns(made.documents)
    documents["doc_id"] = [first + number for number in documents["doc_id"]]
    write_table(folder, "documents", documents, DOCUMENTS)
    sentences = sentence_columns(made.documents.sentences, numbers)
    sentences["doc_id"] = [first + number for number in sentences["doc_id"]]
    write_table(folder, "sentences", sentences, SENTENCES)
    views = view_rows(made.view, made.cooccurring)
    write_table(folder, "views", views, VIEWS)


class Scribe:
    """Judges what an experiment's teachers wrote, and writes down what comes of it. Worlds are drawn at the
    first call: those of the experiment, or what `drawing` draws."""

    def __init__(self, experiment: Experiment, drawing: Callable[[], Draft] | None = None) -> None:
        self.experiment = experiment
        self.drawing = drawing or (lambda: draft(experiment, Report()))

    @cached_property
    def draft(self) -> Draft:
        """All worlds that teachers write about."""
        return self.drawing()

    def __call__(
        self, arm: str, of: int, answers: Sequence[tuple[int, str, int, bool]], folder: Path
    ) -> None:
        """Write the audit and the documents of an arm in world `of`. An answer is the number of its request,
        its text, how many letters of it the prompt had, and whether it is too long to be trained."""
        made = next(each for each in self.draft.experiment.arms if each.name == arm)
        assert made.augment is not None
        units = asked_units(made.augment, self.draft, of, self.draft.world_documents(of))
        scopes = made.augment.scopes
        texts = [
            Answer(units[request % len(units)], text, begun, scopes[request // len(units)], too_long)
            for request, text, begun, too_long in answers
        ]
        emit_written(self.draft, of, written(self.draft, of, made, texts), texts, folder)
