"""What a Hugging Face config.json says, as a shape; what of it the decoder cannot compute is an error."""

from __future__ import annotations

from typing import Any

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.shape import Marks, Scaling, Shape

FAMILIES = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "gemma": "GemmaForCausalLM",
}
"""The families that are read, each with the class that reads it elsewhere."""

_ACTIVATIONS = {"silu": "silu", "gelu": "gelu", "gelu_pytorch_tanh": "gelu"}
_MOST = {"layers": 1000, "vocabulary": 2**24, "context": 2**31}


class Said:
    """The settings of a checkpoint, looked up with their kind and range; `of` says whose they are."""

    def __init__(self, values: dict[str, Any], of: str) -> None:
        self.values, self.of = values, of

    def whole(self, name: str, default: int | None = None, least: int = 1, most: int = 2**20) -> int:
        value = self.values.get(name)
        value = default if value is None else value
        if type(value) is not int or not least <= value <= most:
            raise self.bad(f"'{name}' is {_shown(value)}; a number from {least:,} to {most:,} is read")
        return value

    def decimal(self, name: str, default: float, most: float = 1e12) -> float:
        value = self.values.get(name)
        value = default if value is None else value
        if type(value) not in (int, float) or not 0 < value <= most:
            raise self.bad(f"'{name}' is {_shown(value)}; a number above 0 is read")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self.values.get(name, default)
        if type(value) is not bool:
            raise self.bad(f"'{name}' is {_shown(value)}; true or false is read")
        return value

    def bad(self, what: str) -> BadCheckpoint:
        return BadCheckpoint(f"{self.of}: {what}")


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)[:80]


def shape_from_config(values: dict[str, Any], name: str, of: str) -> Shape:
    """The shape that a config.json speaks of, for a model of this name. Raises BadCheckpoint."""
    said = Said(values, of)
    family = values.get("model_type")
    if family not in FAMILIES:
        raise said.bad(f"models of type {_shown(family)} are not read; {', '.join(FAMILIES)} are")
    if values.get("quantization_config"):
        raise said.bad("its weights are quantised; of quantised weights GGUF files are read")
    activation = values.get("hidden_activation") or values.get("hidden_act") or "silu"
    if activation not in _ACTIVATIONS or (activation == "gelu" and family != "gemma"):
        raise said.bad(f"the activation {_shown(activation)} is not computed here; silu is")
    gemma = family == "gemma"
    _check_windows(said)
    width = said.whole("hidden_size")
    heads = said.whole("num_attention_heads", most=2**12)
    rope = _rope(said)
    bias = "inputs" if family == "qwen2" else "all" if said.flag("attention_bias", False) else "none"
    shape = Shape(
        name,
        layers=said.whole("num_hidden_layers", most=_MOST["layers"]),
        width=width,
        heads=heads,
        kv_heads=said.whole("num_key_value_heads", heads, most=2**12),
        hidden=said.whole("intermediate_size"),
        convolution=0,
        context=said.whole("max_position_embeddings", 2048, most=_MOST["context"]),
        family=family,
        vocabulary=said.whole("vocab_size", most=_MOST["vocabulary"]),
        head_width=said.whole("head_dim", _HEAD_WIDTHS.get(family) or width // heads),
        rotary_base=said.decimal("rope_theta", float(rope.get("rope_theta", 10_000.0))),
        scaling=_scaling(said, rope),
        epsilon=said.decimal("rms_norm_eps", 1e-6, 1.0),
        attention_bias=bias,
        mlp_bias=family == "llama" and said.flag("mlp_bias", False),
        activation=_ACTIVATIONS[activation],
        normed_heads=family == "qwen3",
        tied=said.flag("tie_word_embeddings", gemma),
        scaled=gemma,
        marks=_marks(said),
    )
    return check_shape(shape, said)


_HEAD_WIDTHS = {"qwen3": 128, "gemma": 256}
"""What `head_dim` is where nothing is said of it; elsewhere the width shared out among the heads."""


def _check_windows(said: Said) -> None:
    """Layers that see only the last tokens are not computed here."""
    kinds = said.values.get("layer_types") or []
    if said.values.get("use_sliding_window") or any(kind != "full_attention" for kind in kinds):
        raise said.bad("some of its layers see only the last tokens, which is not computed here")


def _rope(said: Said) -> dict[str, Any]:
    """What is said of rotary positions, in the older way or the newer."""
    rope = said.values.get("rope_parameters") or said.values.get("rope_scaling") or {}
    if not isinstance(rope, dict) or not isinstance(rope.get("rope_theta", 1), int | float):
        raise said.bad("what it says of rotary positions cannot be understood")
    for part in (said.values, rope):
        if part.get("partial_rotary_factor", 1.0) != 1.0:
            raise said.bad("only a part of each head is rotated, which is not computed here")
    return rope


def _scaling(said: Said, rope: dict[str, Any]) -> Scaling | None:
    kind = rope.get("rope_type", rope.get("type", "default"))
    of = Said(rope, f"{said.of}, rope_scaling")
    if kind == "default":
        return None
    if kind == "linear":
        return Scaling("linear", of.decimal("factor", 1.0))
    if kind == "llama3":
        low, high = of.decimal("low_freq_factor", 1.0), of.decimal("high_freq_factor", 4.0)
        if low >= high:
            raise of.bad("'low_freq_factor' is not below 'high_freq_factor'")
        original = of.whole("original_max_position_embeddings", 8192, most=_MOST["context"])
        return Scaling("llama3", of.decimal("factor", 1.0), low, high, original)
    raise said.bad(f"rotary positions scaled by {_shown(kind)} are not computed here; linear and llama3 are")


def _marks(said: Said) -> Marks:
    """What opens a document and what closes it: where one is not said, the other does both."""
    found = []
    for name in ("bos_token_id", "eos_token_id"):
        value = said.values.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if value is not None:
            found.append(Said({name: value}, said.of).whole(name, least=0, most=_MOST["vocabulary"]))
    if not found:
        raise said.bad("neither 'bos_token_id' nor 'eos_token_id' says what a document begins or ends with")
    return Marks(found[0], found[-1], -1)


def config_from_shape(shape: Shape) -> dict[str, Any]:
    """The config.json of a shape. Raises BadCheckpoint where none can say what it is."""
    of = f"model '{shape.name}'"
    if shape.attention_bias == "inputs" and shape.family != "qwen2":
        raise BadCheckpoint(f"{of} has biases that no config.json of the family {shape.family} can speak of")
    config: dict[str, Any] = {
        "architectures": [FAMILIES[shape.family]],
        "model_type": shape.family,
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.width,
        "intermediate_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.channels,
        "hidden_act": "gelu_pytorch_tanh" if shape.activation == "gelu" else shape.activation,
        "max_position_embeddings": shape.context,
        "rms_norm_eps": shape.epsilon,
        "rope_theta": shape.rotary_base,
        "tie_word_embeddings": shape.tied,
        "bos_token_id": shape.marks.opening,
        "eos_token_id": shape.marks.closing,
        "torch_dtype": "float32",
    }
    if shape.family == "gemma":
        config["hidden_activation"] = config["hidden_act"]
    if shape.family in ("llama", "qwen3"):
        config["attention_bias"] = shape.attention_bias == "all"
    if shape.family == "llama":
        config["mlp_bias"] = shape.mlp_bias
    if shape.scaling is not None:
        config["rope_scaling"] = _scaling_of(shape.scaling, of)
    return config


def _scaling_of(scaling: Scaling, of: str) -> dict[str, Any]:
    if scaling.kind == "linear":
        return {"rope_type": "linear", "factor": scaling.factor}
    if scaling.kind == "llama3":
        return {
            "rope_type": "llama3",
            "factor": scaling.factor,
            "low_freq_factor": scaling.low,
            "high_freq_factor": scaling.high,
            "original_max_position_embeddings": scaling.original,
        }
    raise BadCheckpoint(f"{of} has its rotary frequencies listed one by one, as no config.json has them")


def check_shape(shape: Shape, said: Said) -> Shape:
    """The shape, if its parts fit one another. Raises BadCheckpoint."""
    if shape.heads % shape.kv_heads:
        raise said.bad(f"{shape.heads} heads do not divide into {shape.kv_heads} heads for keys and values")
    if shape.channels % 2 or shape.channels < 2:
        raise said.bad(f"heads {shape.channels} wide cannot be rotated: the width must be even")
    for mark in (shape.marks.opening, shape.marks.closing):
        if mark >= shape.vocabulary:
            raise said.bad(f"token {mark:,} begins or ends a document, but there are {shape.vocabulary:,}")
    return shape
