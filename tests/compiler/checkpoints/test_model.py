"""`model NAME { from "..." }`: what is found, what is compiled of it, and in which tokens."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.checkpoints import byte_tokenizer, write_folder, write_gguf
from tests.compiler.conftest import findings
from wug import specs
from wug.compiler.checking.check import check
from wug.compiler.checkpoints.checkpoint import open_checkpoint
from wug.compiler.compile import Compiled, compile_experiment
from wug.compiler.diagnosis.diagnostics import Report, as_text
from wug.compiler.emitting.audit import audit
from wug.compiler.emitting.tokenizer import read_tokenizer
from wug.compiler.experiment import Experiment
from wug.compiler.store import Store
from wug.progress import Silent
from wug.runtime.replay import of_text


def spec(folder: Path, models: str, arms: str = "arm icl { context train }") -> Path:
    """An experiment of small creatures with these models."""
    (folder / "wug.lock").touch()
    shutil.copy(specs() / "worlds" / "hello.world", folder)
    path = folder / "x.experiment"
    path.write_text(
        f"""wug 1

experiment x {{
  world "hello.world"
  train exceeds in forward
  test reversal {{ exceeds in reverse  choices contradiction }}
  {models}
  {arms}
}}
"""
    )
    return path


def checked(path: Path) -> Experiment:
    report = Report()
    found = check(path, path.name, report)
    assert isinstance(found, Experiment), as_text(report.items)
    assert not report.items
    return found


def compiled(path: Path) -> Compiled:
    return compile_experiment(checked(path), Store(path.parent / "build"), Silent(), Report())


def told(path: Path) -> str:
    return as_text(findings(path, path.name, path.parent / "build"))


def test_the_corpus_is_in_the_tokens_of_the_checkpoint(tmp_path: Path) -> None:
    write_folder(tmp_path / "tiny", "llama")
    path = spec(tmp_path, 'model small { from "tiny"  context 400 }')
    made = compiled(path)
    (learner,) = made.plan.models
    assert (learner.model.context, learner.model.layers, learner.pretraining.steps) == (400, 2, 0)
    assert learner.checkpoint is not None
    assert learner.checkpoint.path == str(tmp_path / "tiny")
    manifest = json.loads((made.path / "manifest.json").read_bytes())
    assert manifest["marks"] == {"opening": 0, "closing": 1, "padding": -1}
    written = json.loads((made.path / "tokenizer.json").read_text())
    assert written["model"]["vocab"] == byte_tokenizer()["model"]["vocab"]
    assert written["post_processor"] is None
    assert not audit(checked(path), made.path, [], Report()).faults


def test_the_same_files_elsewhere_are_the_same_experiment(tmp_path: Path) -> None:
    found = []
    for place, name in (("a", "one"), ("b", "two")):
        write_folder(tmp_path / place / name)
        found.append(compiled(spec(tmp_path / place, f'model small {{ from "{name}" }}')))
    assert found[0].plan.key == found[1].plan.key
    assert found[0].plan.spec() == found[1].plan.spec()
    assert found[0].plan != found[1].plan


def test_other_weights_are_another_plan_with_the_same_corpus(tmp_path: Path) -> None:
    path = spec(tmp_path, 'model small { from "tiny" }')
    write_folder(tmp_path / "tiny")
    first = compiled(path)
    write_folder(tmp_path / "tiny", rope_theta=500.0)
    second = compiled(path)
    assert first.path == second.path
    assert first.plan.spec() != second.plan.spec()


def test_a_package_is_found_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "small_model"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    write_gguf(package / "a.gguf", "qwen3")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    learner = checked(spec(tmp_path, 'model small { from "package:small_model" }')).models[0]
    assert learner.checkpoint is not None
    assert learner.checkpoint.path == package / "a.gguf"
    assert "small_model" not in sys.modules
    write_gguf(package / "b.gguf")
    assert "holds several checkpoints; name one: package:small_model/a.gguf" in told(
        spec(tmp_path, 'model small { from "package:small_model" }')
    )
    named = checked(spec(tmp_path, 'model small { from "package:small_model/b.gguf" }')).models[0]
    assert named.checkpoint is not None
    assert named.checkpoint.shape.family == "llama"
    outside = spec(tmp_path, 'model small { from "package:small_model/../../tiny" }')
    assert "is outside the package" in told(outside)


def test_models_share_their_tokens(tmp_path: Path) -> None:
    arms = "arm icl { context train }\n  arm other { like icl  model large }"
    write_folder(tmp_path / "tiny")
    write_folder(tmp_path / "large", "qwen2")
    two = 'model small { from "tiny" }\n  model large { from "large" }'
    assert [model.name for model in checked(spec(tmp_path, two, arms)).models] == ["small", "large"]
    write_folder(tmp_path / "large", "qwen2", eos_token_id=1)
    assert "W0513" in told(spec(tmp_path, two, arms))
    scratch = 'model small { from "tiny" }\n  model large { layers 1 }'
    assert "models 'small' and 'large' cut texts into different tokens" in told(spec(tmp_path, scratch, arms))


def test_a_context_is_no_longer_than_that_of_training(tmp_path: Path) -> None:
    write_folder(tmp_path / "tiny")
    said = told(spec(tmp_path, 'model small { from "tiny"  context 513 }'))
    assert "model 'small' was trained to see 512 tokens, not 513" in said


def test_a_chat_needs_a_template_and_is_the_same_for_all(tmp_path: Path) -> None:
    write_folder(tmp_path / "tiny", "llama")
    path = spec(tmp_path, 'model small { from "tiny"  chat "Say what is true." }')
    assert "tiny has no chat template" in told(path)
    template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    (tmp_path / "tiny" / "chat_template.jinja").write_text(template)
    with_chat = compiled(path)
    without = compiled(spec(tmp_path, 'model small { from "tiny" }'))
    assert with_chat.path != without.path
    assert json.loads((with_chat.path / "manifest.json").read_bytes())["chat"]["after"] == ""
    two = 'model small { from "tiny" }  model other { from "tiny"  chat "Say what is true." }'
    arms = "arm icl { context train }  arm asked { like icl  model other }"
    assert "are not asked in the same words" in told(spec(tmp_path, two, arms))
    assert "which bring a chat template" in told(spec(tmp_path, 'model small { chat "Say what is true." }'))


def test_of_several_templates_the_default_is_taken(tmp_path: Path) -> None:
    write_folder(tmp_path / "tiny", "llama")
    named = [{"name": "tools", "template": "x"}, {"name": "default", "template": "{{ messages[0].content }}"}]
    for said, found in ((named, named[1]["template"]), (named[:1], ""), ("x", "x"), (7, "")):
        (tmp_path / "tiny" / "tokenizer_config.json").write_text(json.dumps({"chat_template": said}))
        assert open_checkpoint(tmp_path / "tiny").template == found
    write_gguf(tmp_path / "tiny.gguf", "smollm2", settings={"tokenizer.chat_template": "from gguf"})
    assert open_checkpoint(tmp_path / "tiny.gguf").template == "from gguf"


def test_a_checkpoint_replays_the_shipped_text_or_one_of_the_users(tmp_path: Path) -> None:
    write_folder(tmp_path / "tiny", "llama")
    (tmp_path / "mine.txt").write_text("One paragraph.\n\n \nAnd two\nlines.\n", encoding="utf-8")
    arms = """arm plain { finetune { replay 20% } }
  arm mine  { finetune { replay { share 10%  text "mine.txt" } } }
  arm like_mine { like mine  finetune { replay 40% } }
  arm none  { like mine  finetune { replay none } }"""
    found = compiled(spec(tmp_path, 'model a { from "tiny" }', arms))
    replays = {arm.name: arm.finetune.replay for arm in found.plan.arms}
    assert {name: each and each.share for name, each in replays.items()} == {
        "plain": 0.2,
        "mine": 0.1,
        "like_mine": 0.4,
        "none": None,
    }
    assert replays["like_mine"].key == replays["mine"].key != replays["plain"].key
    assert "replay" not in found.plan.spec()["arms"][3]["finetune"]
    folder = tmp_path / "build" / "x" / "replayed"
    texts = of_text(folder / replays["mine"].key)
    tokenizer = read_tokenizer(open_checkpoint(tmp_path / "tiny").tokenizer)
    said = [
        tokenizer.decode(row[:length].tolist()[1:-1])
        for row, length in zip(texts.tokens_DT, texts.length_D, strict=True)
    ]
    assert said == ["One paragraph.", "And two\nlines."]
    (tmp_path / "mine.txt").write_text("Another.\n")
    again = compiled(tmp_path / "x.experiment").plan.arms
    assert again[1].finetune.replay.key != replays["mine"].key
    assert again[0].finetune.replay.key == replays["plain"].key


def test_a_text_that_cannot_be_replayed_is_told(tmp_path: Path) -> None:
    write_folder(tmp_path / "tiny", "llama")
    arm = 'arm a { finetune { replay { share 10%  text "mine.txt" } } }'
    path = spec(tmp_path, 'model a { from "tiny" }', arm)
    assert "cannot read 'mine.txt': there is no such file" in told(path)
    for content, words in (
        (b"fine\n\n\xff", "line 3 of 'mine.txt' is not UTF-8"),
        (b" \n\n", "'mine.txt' is empty"),
        (b"a\0b", "'mine.txt' is a binary file"),
    ):
        (tmp_path / "mine.txt").write_bytes(content)
        assert words in told(path)


def test_the_variants_of_a_sweep_open_a_checkpoint_once(tmp_path: Path) -> None:
    write_folder(tmp_path / "model")
    arms = "arm icl { context train }  sweep { vary seeds 1, 2 }"
    path = spec(tmp_path, 'model own { from "model" }', arms)
    first, second = (each.experiment.checkpoint for each in checked(path).variants)
    assert first is second
    assert first is not None
    before = first.digest()
    write_folder(tmp_path / "model", rope_theta=500.0)
    other = checked(path).checkpoint
    assert other is not None
    assert other.digest() != before, "another one in its place is read"
