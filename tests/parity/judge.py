"""What `transformers` says: run by the Python of an environment that has it; requests in, answers out.

It shares nothing with the project, and is not imported by its tests.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    Qwen2Tokenizer,
)


def make(folder: str, config: dict, seed: int) -> None:
    """A random model of a family, saved; norms and biases drawn too."""
    torch.manual_seed(seed)
    settings = {key: value for key, value in config.items() if key != "model_type"}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(config["model_type"], **settings))
    for name, weight in model.named_parameters():
        with torch.no_grad():
            if "norm" in name or name.endswith("bias"):
                weight.add_(torch.randn_like(weight) * 0.2)
            else:
                weight.copy_(torch.randn_like(weight) * weight.shape[-1] ** -0.5)
    model.save_pretrained(folder, max_shard_size="20KB" if seed else "1GB")


def logits(folder: str, tokens: list[int], out: str, greedy: int = 0, gguf: str | None = None) -> dict:
    named = {"gguf_file": gguf} if gguf else {}
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **named).eval()
    with torch.no_grad():
        np.save(out, model(torch.tensor([tokens])).logits[0].numpy())
        told, given, memory = [], torch.tensor([tokens]), None
        while len(told) < greedy:
            found = model(given, past_key_values=memory, use_cache=True)
            told.append(int(found.logits[0, -1].argmax()))
            given, memory = torch.tensor([told[-1:]]), found.past_key_values
    return {"greedy": told}


def adapted(folder: str, adapter: str, tokens: list[int], out: str) -> dict:
    """The logits of a model with an adapter beside it, and what PEFT trains of it."""
    from peft import PeftModel  # nothing else here needs it

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model = PeftModel.from_pretrained(model, adapter, is_trainable=True).eval()
    with torch.no_grad():
        np.save(out, model(torch.tensor([tokens])).logits[0].numpy())
    return {"parameters": model.get_nb_trainable_parameters()[0]}


def conversation(folder: str, gguf: str, template: str, user: str, answer: str) -> dict:
    """The tokens of a question and how its answer begins, as the chat template of a model puts them."""
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=gguf)
    told = [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]
    found = tokenizer.apply_chat_template(
        told, chat_template=template, continue_final_message=True, return_dict=False
    )
    return {"tokens": found}


def tokenise(folder: str, texts: list[str], gguf: str | None = None, qwen: dict | None = None) -> dict:
    """The tokens of texts, special ones found in them and not; `qwen` is the model of a Qwen tokenizer."""

    def tokenizer(**how: bool) -> PreTrainedTokenizerBase:
        if qwen is None:
            return AutoTokenizer.from_pretrained(folder, **how, **({"gguf_file": gguf} if gguf else {}))
        made = Qwen2Tokenizer(vocab=qwen["vocab"], merges=[tuple(pair) for pair in qwen["merges"]], **how)
        made.add_special_tokens({"additional_special_tokens": ["<|eos|>"]})
        return made

    ways = {"plain": tokenizer(), "split": tokenizer(split_special_tokens=True)}
    return {
        way: [found(text, add_special_tokens=False)["input_ids"] for text in texts]
        for way, found in ways.items()
    }


DO = {each.__name__: each for each in (make, logits, adapted, conversation, tokenise)}

if __name__ == "__main__":
    torch.set_num_threads(1)
    requests = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answers = [DO[each.pop("do")](**each) for each in requests]
    Path(sys.argv[2]).write_text(json.dumps(answers), encoding="utf-8")
