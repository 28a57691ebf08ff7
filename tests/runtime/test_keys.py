import pytest

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
