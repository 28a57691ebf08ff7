"""Teachers write when an experiment runs, and what they wrote is judged and trained, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.completions import serving
from wug.compiler.checking.check import check
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.augmentation import Scribe
from wug.compiler.experiment import Experiment
from wug.compiler.store import Store
from wug.progress import Silent
from wug.runtime.run import run

WORLD = """wug 1
world pairs {
  entity thing { count 6  named nonce(syllables 2) }
  table kind(word, opposite) { "brighter" <-> "dimmer"  "louder" <-> "quieter" }
  relation exceeds(a: thing, b: thing, on: kind) {
    asymmetric  converse on
    populate pairs { count 6 }
    form forward "{a} are {on.word} than {b}."
    form reverse "{b} are {on.opposite} than {a}."
  }
}
"""

Run = Callable[..., tuple[dict, Store]]
LARGE = """  model large { layers 2  width 48  heads 2  context 160
    pretrain { facts 1..3  steps 20  batch 4  every 20 } }
"""


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs an experiment whose arm `more` augments as is said, with other models and arms behind its own; all
    in one store."""
    folder = tmp_path_factory.mktemp("augment")
    (folder / "wug.lock").touch()
    (folder / "pairs.world").write_text(WORLD)
    store = Store(folder / "build")

    def made(augment: str, others: str = "") -> tuple[dict, Store]:
        path = folder / "pairs.experiment"
        path.write_text(
            "wug 1\n"
            "experiment pairs {\n"
            '  world "pairs.world"\n'
            "  seeds 2\n"
            "  train exceeds in forward { articles 2 }\n"
            "  test reversal { exceeds in reverse  choices contradiction }\n"
            "  model speck { layers 1  width 32  heads 2  context 160\n"
            "    pretrain { facts 1..3  steps 20  batch 4  every 20 } }\n"
            f"  arm more {{ finetune {{ steps 3 }}  {augment} }}\n"
            f"{others}"
            "}\n"
        )
        report = Report()
        spec = check(path, path.name, report)
        report.stop_if_failed()
        assert isinstance(spec, Experiment)
        compiled = compile_experiment(spec, store, Silent(), Report())
        result = run(compiled.plan, compiled.path, store, Silent(), Scribe(spec))
        return json.loads((result / "results.json").read_bytes()), store

    return made


def entries(store: Store, kind: str) -> list[str]:
    folder: Path = store.root / "pairs" / kind
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def test_self_writes_and_is_judged(carried_out: Run) -> None:
    document, store = carried_out("augment local global by self { samples 2  temperature 1  max_tokens 12 }")
    audit = document["augmentation"]["more"]
    asked = 2 * 2 * 6  # worlds, scopes, documents
    assert audit["texts"] >= asked * 2 * 2
    assert sum(audit["verdicts"].values()) == audit["texts"]
    assert audit["admissible"] == 12, "each fact turned round, in both worlds"
    assert audit["tokens"] > 0
    price = document["arms"]["more"]
    assert price["augment_tokens"] == round(audit["tokens"] / 2)
    assert price["augment_flops"] > 0
    written, judged = entries(store, "written"), entries(store, "judged")
    again, _ = carried_out("augment local global by self { samples 2  temperature 1  max_tokens 12 }")
    assert again == document
    carried_out("augment local global by self { samples 2  temperature 1  max_tokens 12  filter entailed }")
    assert entries(store, "written") == written, "another filter asks nobody again"
    assert len(entries(store, "judged")) == len(judged) + 1


def test_samples_at_temperature_0_are_one_that_counts_so_often(carried_out: Run) -> None:
    once, _ = carried_out("augment local by self { max_tokens 12 }")
    thrice, _ = carried_out("augment local by self { samples 3  max_tokens 12 }")
    first, last = once["augmentation"]["more"], thrice["augmentation"]["more"]
    assert last["texts"] == 3 * first["texts"]
    assert last["tokens"] == first["tokens"]


def test_another_model_teaches(carried_out: Run) -> None:
    """What `large` writes for an arm of `speck` is what it writes for one of its own, and costs as much."""
    sampled = "{ samples 2  temperature 1  max_tokens 11 }"
    own, store = carried_out(f"augment local global by self {sampled}")
    before = entries(store, "written")
    hers = f"  arm hers {{ like more  model large  augment local by self {sampled} }}\n"
    document, _ = carried_out(f"augment local by model large {sampled}", LARGE + hers)
    assert len(entries(store, "written")) == len(before) + 1, "both arms are taught by one text"
    audits, arms = document["augmentation"], document["arms"]
    assert audits["more"] == audits["hers"]
    assert sum(audits["more"]["verdicts"].values()) == audits["more"]["texts"] > 0
    assert audits["more"]["admissible"] == 12, "each fact turned round, in both worlds"
    assert (arms["more"]["model"], arms["more"]["augment"]) == ("speck", "local by model large")
    assert (arms["hers"]["model"], arms["hers"]["augment"]) == ("large", "local by self")
    speck, large = document["pretraining"]
    assert (speck["model"], large["model"]) == ("speck", "large")
    read = audits["more"]["prompt_tokens"] + audits["more"]["tokens"]
    assert 2 * large["parameters"] * read < audits["more"]["flops"] < 4 * large["parameters"] * read
    for each in ("augment_tokens", "augment_flops", "train_tokens"):
        assert arms["more"][each] == arms["hers"][each] > 0
    assert arms["more"]["augment_flops"] == round(audits["more"]["flops"] / 2)
    fed = arms["more"]["train_tokens"]
    for arm, model in (("more", speck), ("hers", large)):
        assert 6 * model["parameters"] * fed < arms[arm]["train_flops"] < 8 * model["parameters"] * fed
    assert own["pretraining"] == [speck]


def test_a_second_model_leaves_the_work_of_the_first_as_it_was(carried_out: Run) -> None:
    augment = "augment local by self { max_tokens 10 }"
    kinds = ("episodes", "pretrained", "written", "trained", "scores")
    alone, store = carried_out(augment)
    before = {kind: entries(store, kind) for kind in kinds}
    wide = LARGE.replace("large", "wide").replace("width 48", "width 40").replace("facts 1..3", "facts 1..2")
    both, _ = carried_out(augment, wide + "  arm other { model wide  finetune { steps 3 } }\n")
    added = {kind: len(set(entries(store, kind)) - set(before[kind])) for kind in kinds}
    assert added == {"episodes": 1, "pretrained": 1, "written": 0, "trained": 1, "scores": 1}
    assert [row for row in both["rows"] if row["arm"] == "more"] == alone["rows"]
    assert both["arms"]["more"] == alone["arms"]["more"]
    assert both["augmentation"] == alone["augmentation"]
    assert both["pretraining"][:1] == alone["pretraining"]


def test_an_endpoint_writes_lines(carried_out: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = "1. zum are louder than zam.\n- nothing\n\n"
    with serving(lambda call: call.say(reply)) as server:
        address = f'"{server.base}" "small" {{ requests 100  tokens 100000 }}'
        document, _ = carried_out(f"augment global by endpoint {address}")
        asked = len(server.texts)
        again, _ = carried_out(f"augment global by endpoint {address}")
        assert len(server.texts) == asked == 12
    assert again == document
    audit = document["augmentation"]["more"]
    assert audit["texts"] == 24
    assert audit["verdicts"]["not_understood"] == 24
    assert audit["kept"] == 24, "filter none, the study's own, trains whatever was said"
    assert "zam" not in json.dumps(document)


def test_a_base_model_goes_on_behind_worked_examples(carried_out: Run) -> None:
    reply = "zum are louder than zam.\nnothing\n\nDocument: of the next world"
    with serving(lambda call: call.say(reply)) as server:
        address = f'"{server.base}" "small" {{ requests 100  tokens 100000  style base'
        document, store = carried_out(f"augment local global by endpoint {address}  examples 2 }}")
        texts = server.texts
        assert len(texts) == 24
        again, _ = carried_out(f"augment local global by endpoint {address}  examples 2 }}")
        assert len(server.texts) == 24
        before = entries(store, "written")
        carried_out(f"augment local global by endpoint {address}  examples 1 }}")
        assert len(server.texts) == 48, "other examples are another question"
        assert len(entries(store, "written")) == len(before) + 1
    assert again == document
    assert {call.path for call in server.calls} == {"/v1/completions"}
    assert server.calls[0].body["stop"] == ["\n\n", "\nDocument:"]
    for text in texts:
        *_, last = text.split("\n\n")
        assert text.count("What follows:\n") == 3
        assert text.endswith("What follows:\n")
        assert last.startswith("Document: ")
    prefaces = {text.split("\n\nDocument: ")[1] for text in texts}
    assert len(prefaces) == 2 * 2, "those of a world and scope are the same for all its documents"
    everybody = [text for text in texts if "The documents of a world:" in text]
    assert len(everybody) == 12
    for text in everybody:
        others = text.split("The documents of a world:\n")[3].split("\n\n")[0].split("\n")
        assert len(others) == 5, "each of the six documents is asked about, the others stand before it"
    audit = document["augmentation"]["more"]
    assert audit["texts"] == audit["verdicts"]["not_understood"] == 48, (
        "what follows the empty line is no text"
    )
    assert audit["kept"] == 48
