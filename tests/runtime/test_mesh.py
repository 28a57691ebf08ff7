"""Sharding over eight simulated devices: the same training as on one, with a part of it on each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from tests.runtime.sharded import Process
from wug.compiler.mesh import Mesh
from wug.compiler.store import EnvironmentFailure
from wug.runtime.mesh import kept, over, placed, spec_of

# Sums are added up in another order. Weights and moments are of order 1, losses of order 4; a step moves a
# weight by 1e-2, so what is wrong is seen.
NEAR = 2e-5
SIZES = Mesh(2, 2, 2).sizes


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return Process("quick", tmp_path_factory.mktemp("quick"), 8).told()


def near(one: dict[str, Any], other: dict[str, Any], tolerance: float = NEAR) -> None:
    """Losses, weights, moments and averages of two trainings."""
    np.testing.assert_allclose(other["losses"], one["losses"], rtol=0, atol=tolerance)
    assert one["state"].keys() == other["state"].keys()
    for name, numbers in one["state"].items():
        np.testing.assert_allclose(other["state"][name], numbers, rtol=0, atol=tolerance, err_msg=name)


def test_a_checkpoint_of_one_layout_goes_on_in_another_as_on_one_device(quick: dict[str, Any]) -> None:
    assert quick["one"]["losses"][-1] < quick["one"]["losses"][0] - 0.05, "it learns"
    near(quick["one"], quick["moved"])


def test_weights_averages_and_moments_lie_in_parts(quick: dict[str, Any]) -> None:
    """Layers are [L, in, out]; a device has 1 / (fsdp x tensor) of each, of its moments and its average."""
    whole, first, then = (quick["one"]["shards"], quick["moved"]["shards"], quick["moved"]["read"])
    assert all(shape == part for shape, part in whole.values()), "one device has all"
    for at in ("parameters", "average"):
        assert first[f"{at}/layers/attention/query/kernel"] == [[1, 16, 16], [1, 8, 8]]
        assert first[f"{at}/layers/attention/key/kernel"] == [[1, 16, 8], [1, 8, 4]]
        assert first[f"{at}/layers/mlp/down/kernel"] == [[1, 32, 16], [1, 16, 8]]
        assert first[f"{at}/embedding/embedding"] == [[40, 16], [20, 8]]
        assert first[f"{at}/norm/scale"] == [[16], [16]]
        assert then[f"{at}/layers/mlp/gate/kernel"] == [[1, 16, 32], [1, 2, 32]]
    for read, parts in ((first, 4), (then, 8)):
        divided = [np.prod(shape) // np.prod(part) for shape, part in read.values() if len(shape) > 1]
        assert divided.count(parts) == 4 * 8, "eight matrices, their averages and two moments"


def test_rules_go_by_the_names_of_parameters() -> None:
    assert spec_of("layers/attention/query/kernel", (4, 16, 8), SIZES) == PartitionSpec(
        None, "fsdp", "tensor"
    )
    assert spec_of("1/0/mu/layers/mlp/down/kernel", (4, 16, 8), SIZES) == PartitionSpec(
        None, "tensor", "fsdp"
    )
    seeds = spec_of("layers/attention/out/lora_b", (10, 4, 2, 8), SIZES)
    assert seeds == PartitionSpec(None, None, None, "fsdp")
    assert spec_of("embedding/embedding", (41, 16), SIZES) == PartitionSpec(None, "fsdp"), "an odd vocabulary"
    assert spec_of("layers/attention_reading/layers/0/scale", (4, 16), SIZES) == PartitionSpec(None, None)
    assert spec_of("0/count", (), SIZES) == PartitionSpec()


def test_without_a_mesh_nothing_is_touched() -> None:
    tree = {"layers": {"mlp": {"up": {"kernel": np.ones((1, 4, 4), np.float32)}}}}
    with over(None):
        assert kept(tree) is tree
        assert placed(tree) is tree
        assert "sharding" not in str(jax.make_jaxpr(kept)(tree))


def test_a_mesh_for_other_devices_says_what_there_is() -> None:
    wanted = "data 2 x fsdp 2 x tensor 1 is for 4 devices, but JAX finds 1"
    with pytest.raises(EnvironmentFailure, match=wanted), over(Mesh(2, 2)):
        pass


@pytest.mark.slow
def test_every_layout_equals_one_device(tmp_path: Path) -> None:
    one, *others = Process("layouts", tmp_path, 8).told().values()
    for other in others:
        near(one, other)


def same_scores(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Log-likelihoods of all arms, in nats, by the keys of their entries."""
    assert one
    assert one.keys() == other.keys()
    for name, table in one.items():
        for column in ("log_likelihood", "bare"):
            np.testing.assert_allclose(other[name][column], table[column], rtol=0, atol=1e-3)


@pytest.mark.slow
def test_a_run_over_a_mesh_says_what_one_device_says(tmp_path: Path) -> None:
    """Pretraining, seeds as one block, replay, adapters, early stops, scoring, sampling and what is
    forgotten; keys are the same."""
    one, several = Process("runs", tmp_path, 8).told().values()
    same_scores(one["scores"], several["scores"])
    assert several["said"] == one["said"]
    assert list(one["forgot"]) == ["finetune", "lora", "stopped"]
    for name, forgot in one["forgot"].items():
        assert several["forgot"][name]["loss_after"] == pytest.approx(forgot["loss_after"], abs=1e-3)
    assert several["again"]
    assert "mesh" not in one["timing"]["host"]
    assert several["timing"]["host"]["mesh"] == SIZES
    (trained, *_) = several["timing"]["stages"].values()
    assert trained["mesh"] == SIZES
