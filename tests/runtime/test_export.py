"""From a spec with a checkpoint to a table, and from an arm to a folder that is a checkpoint again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.checkpoints import CONFIGS, config_of, tensors_of, write_folder, write_gguf
from tests.runtime.llama_numpy import logits
from wug import specs
from wug.cli import main
from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.checkpoint import open_checkpoint
from wug.compiler.checkpoints.config import config_from_shape, shape_from_config
from wug.compiler.checkpoints.placed import read
from wug.compiler.checkpoints.safetensors import read_header
from wug.runtime.corpus import PAD, World, load

SPEC = """wug 1

experiment x {
  world "hello.world"
  seeds 2
  train exceeds in forward
  test trained  { exceeds in forward  choices contradiction }
  model small { from "tiny" }
  arm pretrained { }
  arm icl        { context train }
  arm finetune   { finetune { steps 20  learning_rate 1e-2  batch 4 } }
  arm adapter    { like finetune  finetune { lora { rank 4  alpha 6  targets query value down } } }
}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was run: its marks of beginning and end are two tokens."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "wug.lock").touch()
    shutil.copy(specs() / "worlds" / "hello.world", folder)
    (folder / "x.experiment").write_text(SPEC)
    write_folder(folder / "tiny", "llama")
    assert main(["run", str(folder / "x.experiment")]) == 0
    return folder


def results(project: Path) -> dict:
    (found,) = project.glob("build/x/runs/*/results.json")
    return json.loads(found.read_bytes())


def first_world(project: Path) -> World:
    (compiled,) = (each for each in project.glob("build/x/compiled/*") if (each / "manifest.json").exists())
    return load(compiled, [0]).worlds[0]


def test_a_checkpoint_goes_from_spec_to_table(project: Path) -> None:
    found = results(project)
    assert {row["arm"] for row in found["rows"]} == {"pretrained", "icl", "finetune", "adapter"}
    (told,) = found["pretraining"]
    assert told["steps"] == 0
    assert told["checkpoint"]
    size = sum(array.size for array in tensors_of(config_of("llama")).values())
    assert told["parameters"] == size
    trained = {row["arm"]: row["accuracy"] for row in found["pooled"] if row["split"] == "trained"}
    assert trained["finetune"] > trained["pretrained"]
    arms = found["arms"]
    assert arms["adapter"]["lora"]["parameters"] == 2 * 4 * ((32 + 32) + (32 + 16) + (48 + 32))
    assert "lora" not in arms["finetune"]
    assert arms["adapter"]["train_tokens"] == arms["finetune"]["train_tokens"]
    assert 0.6 < arms["adapter"]["train_flops"] / arms["finetune"]["train_flops"] < 0.8


def test_the_checkpoint_itself_scores_as_the_judge_does(project: Path) -> None:
    """Of the arm that is neither trained nor shown anything: log-likelihoods by the slow forward pass."""
    from pyarrow import parquet

    world = first_world(project)
    wanted = []
    config = config_of("llama")
    for tokens, start in zip(world.questions.tokens[:4], world.questions.start_Q[:4], strict=True):
        assert tokens[0] == 0
        found = logits(config, tensors_of(config), tokens[:-1].tolist())
        found -= np.log(np.exp(found).sum(axis=1, keepdims=True))
        wanted.append(sum(found[at - 1, tokens[at]] for at in range(start, len(tokens))))
    for path in project.glob("build/x/scores/*/scores.parquet"):
        rows = parquet.read_table(path).to_pydict()
        arm = json.loads((path.parent / "outcome.json").read_bytes())["arm"]
        if arm == "pretrained" and rows["seed"][0] == 0:
            np.testing.assert_allclose(rows["log_likelihood"][:4], wanted, atol=1e-4)
            return
    pytest.fail("no scores of the arm")


def test_documents_stand_between_the_marks_of_the_model(project: Path) -> None:
    world = first_world(project)
    documents = world.documents
    for row in range(len(documents.length_D)):
        length = documents.length_D[row]
        assert documents.tokens_DT[row, 0] == 0
        assert documents.tokens_DT[row, length - 1] == 1
        assert np.all(documents.tokens_DT[row, length:] == PAD)
    shown = world.context_tokens("icl", 0)
    count = len(world.views["icl"].contexts[0])
    assert (shown == 0).sum() == (shown == 1).sum() == count
    assert (shown[0], shown[-1]) == (0, 1)


def test_an_arm_is_exported_and_read_back(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, folder = str(project / "x.experiment"), project / "models" / "trained"
    assert main(["export", spec, "finetune", str(folder), "--seed", "1"]) == 0
    before, after = open_checkpoint(project / "tiny"), open_checkpoint(folder)
    assert after.shape == before.shape
    assert after.tokenizer_digest() == before.tokenizer_digest()
    moved = [
        name
        for name in after.tensors
        if not np.array_equal(read(after.tensors[name]), read(before.tensors[name]))
    ]
    assert len(moved) == len(after.tensors)
    assert main(["export", spec, "finetune", str(folder)]) == 1
    assert "holds something already" in capsys.readouterr().err
    assert main(["export", spec, "finetoon", str(project / "other")]) == 2
    assert "did you mean 'finetune'?" in capsys.readouterr().err
    assert main(["export", spec, "finetune", str(project / "other"), "--seed", "7"]) == 1
    assert "there is no seed 7" in capsys.readouterr().err
    assert not (project / "other").exists()


def test_an_adapter_is_exported_alone_and_added_into_the_weights(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both say the same: W + alpha / rank * B A, and what has no adapter is as it was, bit by bit."""
    spec, whole, alone = str(project / "x.experiment"), project / "models" / "whole", project / "models" / "a"
    assert main(["export", spec, "adapter", str(whole)]) == 0
    assert main(["export", spec, "adapter", str(alone), "--adapter"]) == 0
    said = json.loads((alone / "adapter_config.json").read_bytes())
    assert (said["peft_type"], said["r"], said["lora_alpha"]) == ("LORA", 4, 6)
    assert said["target_modules"] == ["q_proj", "v_proj", "down_proj"]
    assert sorted(file.name for file in alone.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    tensors = read_header(alone / "adapter_model.safetensors")
    before, after = open_checkpoint(project / "tiny"), open_checkpoint(whole)
    for name, placed in before.tensors.items():
        expected = read(placed)
        both = [f"base_model.model.{name.removesuffix('weight')}lora_{letter}.weight" for letter in "BA"]
        if both[0] not in tensors:
            np.testing.assert_array_equal(read(after.tensors[name]), expected)
            continue
        out, inner = (read(tensors.pop(each)) for each in both)
        assert np.abs(out).max() > 1e-3
        np.testing.assert_allclose(read(after.tensors[name]), expected + 1.5 * out @ inner, atol=1e-6)
    assert not tensors
    assert main(["export", spec, "finetune", str(project / "other"), "--adapter"]) == 1
    assert "arm 'finetune' has no adapter: leave --adapter out" in capsys.readouterr().err


def test_an_entry_holds_an_adapter_and_not_its_model(project: Path) -> None:
    sizes = {}
    for folder in project.glob("build/x/trained/*/parameters"):
        log = [json.loads(line) for line in (folder.parent / "log.jsonl").read_text().splitlines()]
        assert log[-1]["step"] == 20
        sizes[folder] = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert len(sizes) == 4, "two arms, two seeds"
    few, many = sorted(sizes.values())[1], sorted(sizes.values())[2]
    assert few < many / 2


def test_an_arm_that_is_not_trained_is_exported_as_it_was(project: Path) -> None:
    assert main(["export", str(project / "x.experiment"), "icl", str(project / "same")]) == 0
    before, after = open_checkpoint(project / "tiny"), open_checkpoint(project / "same")
    for name, placed in before.tensors.items():
        np.testing.assert_array_equal(read(after.tensors[name]), read(placed))


def test_an_empty_folder_is_filled_and_nothing_beside_it_touched(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "here").mkdir()
    (project / "here.partial").mkdir()
    (project / "here.partial" / "own").write_text("mine")
    monkeypatch.chdir(project / "here")
    assert main(["export", "../x.experiment", "icl", "."]) == 0
    assert {path.name for path in Path().iterdir()} == {"config.json", "model.safetensors", "tokenizer.json"}
    assert (project / "here.partial" / "own").read_text() == "mine"
    assert not list(project.glob(".here*"))


def test_a_model_from_scratch_is_not_exported(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "scratch.experiment"
    text = SPEC.replace(
        'from "tiny"', "layers 1  width 16  heads 2  pretrain { facts 1..2  steps 2  batch 2 }"
    )
    path.write_text(text.replace("experiment x", "experiment scratch"))
    assert main(["export", str(path), "icl", str(project / "other")]) == 1
    assert "is trained from scratch" in capsys.readouterr().err


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_that_is_written_says_the_same(name: str, tmp_path: Path) -> None:
    write_folder(tmp_path, name)
    shape = open_checkpoint(tmp_path, "x").shape
    assert shape_from_config(json.loads(json.dumps(config_from_shape(shape))), "x", "here") == shape


def test_what_no_config_can_say_is_told(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", "llama3")
    with pytest.raises(BadCheckpoint, match="listed one by one"):
        config_from_shape(open_checkpoint(tmp_path / "m.gguf").shape)
