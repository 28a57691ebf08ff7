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
_LEAST = 1e-20
"""A number so small, squared, still is one in float32."""
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
        return self.number(name, default if value is None else value, most)

    def number(self, name: str, value: Any, most: float = 1e12) -> float:
        if type(value) not in (int, float) or not _LEAST <= value <= most:
            raise self.bad(f"'{name}' is {_shown(value)}; a number from {_LEAST:g} to {most:g} is read")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        """Null is no, as it is to those who wrote it."""
        value = self.values.get(name, default)
        if value is not None and type(value) is not bool:
            raise self.bad(f"'{name}' is {_shown(value)}; true or false is read")
        return bool(value)

    def bad(self, what: str) -> BadCheckpoint:
        return BadCheckpoint(f"{self.of}: {what}")


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)[:80]


def shape_from_config(values: dict[str, Any], name: str, of: str) -> Shape:
    """The shape that a config.json speaks of, for a model of this name. Raises BadCheckpoint."""
    said = Said(values, of)
    family = values.get("model_type")
    if not isinstance(family, str) or family not in FAMILIES:
        raise said.bad(f"models of type {_shown(family)} are not read; {', '.join(FAMILIES)} are")
    if values.get("quantization_config"):
        raise said.bad("its weights are quantised; of quantised weights GGUF files are read")
    gemma = family == "gemma"
    _check_attention(said, family)
    width = said.whole("hidden_size")
    heads = said.whole("num_attention_heads", most=2**12)
    rope = _rope(said)
    base = rope.get("rope_theta")
    bias = "inputs" if family == "qwen2" else "all" if said.flag("attention_bias", False) else "none"
    shape = Shape(
        name,
        layers=said.whole("num_hidden_layers", most=_MOST["layers"]),
        width=width,
        heads=heads,
        kv_heads=said.whole("num_key_value_heads", heads, most=2**12),
        hidden=said.whole("intermediate_size"),
        convolution=0,
        context=_context(said),
        family=family,
        vocabulary=said.whole("vocab_size", most=_MOST["vocabulary"]),
        head_width=said.whole("head_dim", _HEAD_WIDTHS.get(family) or width // heads),
        rotary_base=said.decimal("rope_theta", 10_000.0) if base is None else said.number("rope_theta", base),
        scaling=_scaling(said, rope),
        epsilon=said.decimal("rms_norm_eps", 1e-6, 1.0),
        attention_bias=bias,
        mlp_bias=family == "llama" and said.flag("mlp_bias", False),
        activation=_activation(said, family),
        normed_heads=family == "qwen3",
        tied=said.flag("tie_word_embeddings", gemma),
        scaled=gemma,
        marks=_marks(said),
    )
    return check_shape(shape, said)


_HEAD_WIDTHS = {"qwen3": 128, "gemma": 256}
"""What `head_dim` is where nothing is said of it; elsewhere the width shared out among the heads."""


def _check_attention(said: Said, family: str) -> None:
    """That each token sees all before it and none behind it, in every layer, and layers are alike."""
    kinds = said.values.get("layer_types") or []
    full = isinstance(kinds, list) and all(kind == "full_attention" for kind in kinds)
    if said.values.get("use_sliding_window") or not full:
        raise said.bad("some of its layers see only the last tokens, which is not computed here")
    both_ways = family == "gemma" and said.values.get("use_bidirectional_attention")
    if both_ways or said.values.get("is_causal") not in (None, True):
        raise said.bad("its tokens see those behind them, which is not computed here")
    if said.values.get("per_layer_config"):
        raise said.bad("its layers differ from one another, which is not computed here")


def _activation(said: Said, family: str) -> str:
    """What the MLP computes. Gemma's has two names, of which the first release meant by gelu the approximate
    one; in other families the second is nobody's."""
    gemma = family == "gemma"
    names = ("hidden_activation", "hidden_act") if gemma else ("hidden_act",)
    found = [value for name in names if (value := said.values.get(name)) is not None]
    for value in found:
        known = isinstance(value, str) and value in _ACTIVATIONS
        if not known or (value == "gelu" and not gemma):
            raise said.bad(f"the activation {_shown(value)} is not computed here; silu is")
    kinds = {_ACTIVATIONS[value] for value in found or ["gelu" if gemma else "silu"]}
    if len(kinds) > 1:
        raise said.bad(f"'hidden_activation' is {_shown(found[0])}, but 'hidden_act' is {_shown(found[1])}")
    return kinds.pop()


def _context(said: Said) -> int:
    return said.whole("max_position_embeddings", 2048, most=_MOST["context"])


def _rope(said: Said) -> dict[str, Any]:
    """What is said of rotary positions, in the older way or the newer; the older goes before."""
    rope = said.values.get("rope_scaling") or said.values.get("rope_parameters") or {}
    if not isinstance(rope, dict) or any(isinstance(each, dict) for each in rope.values()):
        raise said.bad("what it says of rotary positions cannot be understood")
    for part in (said.values, rope):
        if part.get("partial_rotary_factor") not in (None, 1.0):
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
        name = "original_max_position_embeddings"  # which goes before, where it stands beside
        where = of if said.values.get(name) is None else said
        original = where.whole(name, _context(said), most=_MOST["context"])
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
