"""Teachers write when an experiment runs, and what they wrote is judged and trained, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.completions import Call, serving
from wug.compiler.checking.check import check
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.augmentation import Scribe
from wug.compiler.emitting.tuning import tuning_draft
from wug.compiler.experiment import Experiment
from wug.compiler.store import Store
from wug.progress import Silent
from wug.runtime.failure import Spent
from wug.runtime.interruption import interruptible
from wug.runtime.run import Run, run

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

Carry = Callable[..., tuple[dict, Store]]
LARGE = """  model large { layers 2  width 48  heads 2  context 160
    pretrain { facts 1..3  steps 20  batch 4  every 20 } }
"""


class Heard(Silent):
    """Keeps what is said of a run."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]


@pytest.fixture(scope="module")
def heard() -> Heard:
    """What was said of the last run."""
    return Heard()


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory: pytest.TempPathFactory, heard: Heard) -> Carry:
    """Runs an experiment whose arm `more` augments as is said, with other models and arms behind its own; all
    in one store. With `only` it makes the weights of that arm and nothing else."""
    folder = tmp_path_factory.mktemp("augment")
    (folder / "wug.lock").touch()
    (folder / "pairs.world").write_text(WORLD)
    store = Store(folder / "build")

    def made(
        augment: str, others: str = "", name: str = "pairs", seeds: int = 2, only: str = ""
    ) -> tuple[dict, Store]:
        path = folder / f"{name}.experiment"
        path.write_text(
            "wug 1\n"
            f"experiment {name} {{\n"
            '  world "pairs.world"\n'
            f"  seeds {seeds}\n"
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
        tuning = Scribe(spec, lambda: tuning_draft(spec, compiled.path, Report()))
        heard.clear()
        if only:
            with interruptible(heard.note) as interruption:
                given = compiled.plan, compiled.path, store, heard, interruption, Scribe(spec), 60.0
                Run(*given).answering(only, 0, tuning)
            return {}, store
        result = run(compiled.plan, compiled.path, store, heard, Scribe(spec), tuning_scribe=tuning)
        return json.loads((result / "results.json").read_bytes()), store

    return made


def entries(store: Store, kind: str) -> list[str]:
    folder: Path = store.root / "pairs" / kind
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def test_self_writes_and_is_judged(carried_out: Carry) -> None:
    document, store = carried_out("augment local global by self { samples 2  temperature 1  max_tokens 12 }")
    audit = document["augmentation"]["more"]
    asked = 2 * 2 * 6  # worlds, scopes, documents
    assert audit["texts"] >= asked * 2 * 2
    assert sum(audit["verdicts"].values()) == audit["texts"]
    assert audit["admissible"] == 12, "each fact turned round, in both worlds"
    assert audit["by_kind"]["reversal"]["admissible"] == 12
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


def test_samples_at_temperature_0_are_one_that_counts_so_often(carried_out: Carry) -> None:
    once, _ = carried_out("augment local by self { max_tokens 12 }")
    thrice, _ = carried_out("augment local by self { samples 3  max_tokens 12 }")
    first, last = once["augmentation"]["more"], thrice["augmentation"]["more"]
    assert last["texts"] == 3 * first["texts"]
    assert last["tokens"] == first["tokens"]


def test_another_model_teaches(carried_out: Carry) -> None:
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


def test_a_second_model_leaves_the_work_of_the_first_as_it_was(carried_out: Carry) -> None:
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


def test_an_endpoint_writes_lines(carried_out: Carry, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert 0.1 < audit["unknown"] < 0.9, "'nothing' is no word of the world, the other line is all spelled"
    assert "zam" not in json.dumps(document)


def endpoint(base: str, more: str = "", requests: int = 100) -> str:
    return f'augment local by endpoint "{base}" "small" {{ requests {requests}  tokens 100000  {more} }}'


def test_no_answer_is_paid_for_twice(carried_out: Carry) -> None:
    """More seeds, more samples, another name: only what is new is sent."""
    with serving(lambda call: call.say("zum are louder than zam.")) as server:
        carried_out(endpoint(server.base))
        assert len(server.calls) == 12
        carried_out(endpoint(server.base), seeds=3)
        assert len(server.calls) == 18
        carried_out(endpoint(server.base), name="renamed")
        assert len(server.calls) == 18
        carried_out(endpoint(server.base, "samples 2"), seeds=1)
        assert len(server.calls) == 24


def test_the_weights_of_an_arm_have_read_what_its_server_wrote(carried_out: Carry) -> None:
    """As `wug export` asks for them, where no run was before."""
    with serving(lambda call: call.say("zum are louder than zam.")) as server:
        carried_out(endpoint(server.base), only="more")
        assert len(server.calls) == 12
        document, _ = carried_out(endpoint(server.base))
        assert len(server.calls) == 12
    assert document["augmentation"]["more"]["texts"] == 12


def test_a_limit_holds_for_all_of_an_arm(carried_out: Carry, heard: Heard) -> None:
    """Eleven seeds are two blocks; what will be sent of both is said before anything is."""
    with serving(lambda call: call.say("zum are louder than zam.")) as server:
        with pytest.raises(Spent, match="the limit of 60 requests is reached; 60 answers are kept"):
            carried_out(endpoint(server.base, requests=60), name="wide", seeds=11)
        assert len(server.calls) == 60
        (said,) = heard.notes
        assert "  66 requests to send, 0 answered already" in said
        assert "the limits may not suffice" in said
        carried_out(endpoint(server.base, requests=66), name="wide", seeds=11)
        assert len(server.calls) == 66
        assert "  6 requests to send, 60 answered already" in heard.notes[0]
        assert "limits: 66 requests and 100,000 tokens, of which 60" in heard.notes[0]


def test_a_text_that_the_model_cannot_see_is_not_trained(carried_out: Carry, heard: Heard) -> None:
    """A line of more tokens than the model sees at once is judged, counted, and left out."""
    long = "It follows that " + "zum are louder than zam, and " * 40 + "so on."
    with serving(lambda call: call.say(f"zum are louder than zam.\n{long}")) as server:
        document, _ = carried_out(endpoint(server.base))
    audit = document["augmentation"]["more"]
    assert (audit["texts"], audit["kept"], audit["too_long"], audit["unanswered"]) == (24, 12, 12, 0)
    (warned,) = (line for line in heard.warnings if "longer" in line)
    assert "12 of 24 texts that its teacher wrote are longer than the 160 tokens" in warned
    assert document["arms"]["more"]["failed"] is None


def test_what_had_no_answer_is_asked_in_the_next_run(carried_out: Carry, heard: Heard) -> None:
    with serving(lambda call: call.say("zum are louder than zam.")) as server:
        odd: list[str] = []

        def refuse(call: Call) -> None:
            if not odd:
                odd.append(call.text)
            if call.text == odd[0]:
                call.fail(400, "too long")
            else:
                call.say("zum are louder than zam.")

        server.behave = refuse
        for times in (1, 2):
            document, _ = carried_out(endpoint(server.base))
            assert document["augmentation"]["more"]["texts"] == 11, "the arm is used without it"
            assert document["augmentation"]["more"]["unanswered"] == 1
            assert server.texts.count(odd[0]) == times
            assert "1 of 12 requests got no answer: HTTP 400: too long" in heard.warnings
        server.behave = lambda call: call.say("zum are louder than zam.")
        document, _ = carried_out(endpoint(server.base))
        assert document["augmentation"]["more"]["texts"] == 12
        assert len(server.calls) == 11 + 3
        again, _ = carried_out(endpoint(server.base))
        assert again == document
        assert len(server.calls) == 11 + 3


@pytest.mark.parametrize("teacher", ["local by oracle", "local global by self"])
def test_nothing_is_left_to_say(carried_out: Carry, teacher: str) -> None:
    document, _ = carried_out(f"augment {teacher} {{ withhold 100% }}")
    assert document["arms"]["more"]["added_tokens"] == 0
    for audit in document["augmentation"].values():
        assert (audit["texts"], audit["unknown"]) == (0, None)


def test_a_base_model_goes_on_behind_worked_examples(carried_out: Carry) -> None:
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
