import pytest

from wug.compiler.plan import Finetuning, Model, Pretraining
from wug.compiler.record import as_plain
from wug.runtime.keys import canonical, cpu_model, device_kind, digest, key


def test_equal_values_are_equal_bytes() -> None:
    assert canonical({"b": [1, 2.5], "a": None}) == canonical({"a": None, "b": [1, 2.5]})
    assert canonical({"a": 1}) == b'{"a":1}'
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))


def test_a_key_holds_stage_inputs_and_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    one = key("scores", {"a": 1})
    assert one == key("scores", {"a": 1})
    assert one != key("trained", {"a": 1})
    assert one != key("scores", {"a": 2})
    monkeypatch.setenv("JAX_PLATFORMS", "tpu")
    assert one != key("scores", {"a": 1})
    assert len(one) == len(digest(b"")) == 32


def test_the_device_is_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert device_kind() == "cpu"
    monkeypatch.setenv("JAX_PLATFORMS", "cuda,cpu")
    assert device_kind().startswith("cuda ")
    assert cpu_model()


def test_settings_that_came_later_are_in_a_key_only_where_they_are_used() -> None:
    """What was trained before there were such settings is found again."""
    fields = {"steps", "learning_rate", "batch", "warmup", "weight_decay", "loss", "match"}
    assert set(as_plain(Finetuning())) == fields
    changed = Finetuning(optimizer="muon", clip=0.5, schedule="linear", accumulate=2, average=0.9)
    assert set(as_plain(changed)) == {*fields, "optimizer", "clip", "schedule", "accumulate", "average"}
    fields = {"episodes", "steps", "batch", "learning_rate", "warmup", "accuracy", "every"}
    fields |= {"optimizer", "facts_weight", "seed"}
    assert set(as_plain(Pretraining(8))) == fields
    assert not {"compute", "remat"} & set(as_plain(Model("m")))
    assert {"compute", "remat"} <= set(as_plain(Model("m", compute="bfloat16", remat=True)))
    changed = Pretraining(8, clip=0.5, schedule="linear", accumulate=2, average=0.9)
    assert set(as_plain(changed)) == {*fields, "clip", "schedule", "accumulate", "average"}
