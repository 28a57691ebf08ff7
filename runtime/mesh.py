"""Sharding: how the arrays of a training lie on the devices of a mesh.

What goes where is said once, in `RULES`, by the names of parameters; what the optimiser and an average keep
of a parameter has its name, and so lies where it does. The mesh is ambient (`over`): without one every
function here gives back what it is given, and a training is on one device, bit by bit what it was. With one,
XLA divides the same program (GSPMD, Xu et al., arXiv 2105.04663) and puts in what devices have to tell each
other.

Letters in names: L layers, B rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.experimental import multihost_utils
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from wug.compiler.mesh import AXES, Mesh
from wug.compiler.store import EnvironmentFailure

Tree = Any
Axes = tuple[str | None, ...]

EMBEDDING = "embedding/embedding"

RULES: tuple[tuple[str, Axes], ...] = (
    (rf"{EMBEDDING}$", ("tensor", "fsdp")),
    (r"head/kernel$", ("fsdp", "tensor")),
    (r"(query|key|value|gate|up)/kernel$", ("fsdp", "tensor")),
    (r"(query|key|value|gate|up)/bias$", ("tensor",)),
    (r"(out|down)/kernel$", ("tensor", "fsdp")),
    (r"(query|key|value|gate|up)/lora_a$", ("fsdp", None)),
    (r"(query|key|value|gate|up)/lora_b$", (None, "tensor")),
    (r"(out|down)/lora_a$", ("tensor", None)),
    (r"(out|down)/lora_b$", (None, "fsdp")),
)
"""The axes along which the last dimensions of a parameter are divided; those before them (seeds, layers) are
not. The first pattern that is found in its name counts. What none of them names, norms and convolutions, is
whole on every device, and so is a dimension that an axis does not divide, which only a vocabulary may be."""

_ROWS = ("data", "fsdp")


@lru_cache(maxsize=8)
def devices_of(mesh: Mesh) -> jax.sharding.Mesh:
    """The devices in their places. Raises EnvironmentFailure where there are more or fewer of them."""
    there, kind = jax.device_count(), jax.devices()[0].platform
    if there != mesh.devices:
        sizes = " x ".join(f"{axis} {size}" for axis, size in mesh.sizes.items())
        ways = f"choose a mesh for those, such as --mesh data={there}" if there > 1 else "--mesh none uses it"
        raise EnvironmentFailure(
            f"the mesh {sizes} is for {mesh.devices:,} devices, but JAX finds {there:,} ({kind}): {ways}"
        )
    return jax.make_mesh(tuple(mesh.sizes.values()), AXES, axis_types=(AxisType.Auto,) * len(AXES))


@contextmanager
def over(mesh: Mesh | None) -> Iterator[None]:
    """Lay what is computed in this block out over a mesh, if there is one. Raises EnvironmentFailure where
    one of several processes is gone."""
    if mesh is None:
        yield
        return
    try:
        with jax.set_mesh(devices_of(mesh)):
            yield
    except jax.errors.JaxRuntimeError as error:
        if jax.process_count() == 1:
            raise
        reason = (str(error).splitlines() or ["no reason is given"])[0]
        raise EnvironmentFailure(
            f"this process failed in what all compute together, or another one is gone: {reason}"
        ) from error


def spec_of(name: str, shape: tuple[int, ...], sizes: dict[str, int]) -> PartitionSpec:
    """Along which axes an array of this name and shape is divided, of a mesh of such sizes."""
    axes: Axes = next((axes for pattern, axes in RULES if re.search(pattern, name)), ())
    last = shape[len(shape) - len(axes) :]
    divided = (
        axis if axis and size % sizes[axis] == 0 else None for axis, size in zip(axes, last, strict=True)
    )
    return PartitionSpec(*(None,) * (len(shape) - len(axes)), *divided)


def _spec(path: Any, leaf: Any, sizes: dict[str, int]) -> PartitionSpec:
    return spec_of(jax.tree_util.keystr(path, simple=True, separator="/"), leaf.shape, sizes)


def kept(tree: Tree) -> Tree:
    """Arrays of a program by the names of parameters, each held to where it lies."""
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty:
        return tree

    def held(path: Any, leaf: jax.Array) -> jax.Array:
        return jax.lax.with_sharding_constraint(leaf, _spec(path, leaf, dict(mesh.shape)))

    return jax.tree_util.tree_map_with_path(held, tree)


def as_read(parameters: Tree) -> Tree:
    """Weights as a program reads them. Those of a product XLA puts together where it needs them; rows of an
    embedding are looked up, and these it would first find for all devices on each."""
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty:
        return parameters
    table_VD = parameters["embedding"]["embedding"]
    along = spec_of(EMBEDDING, table_VD.shape, dict(mesh.shape))[0]
    together_VD = jax.lax.with_sharding_constraint(table_VD, PartitionSpec(along, None))
    return {**parameters, "embedding": {"embedding": together_VD}}


def shared_out(x: jax.Array, axis: int = 0) -> jax.Array:
    """Rows of a batch along an `axis`, each device with its share; where they do not go up evenly, there are
    rows of zeros behind them, which weigh nothing in a loss."""
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty:
        return x
    shares = mesh.shape["data"] * mesh.shape["fsdp"]
    missing = [(0, 0)] * x.ndim
    missing[axis] = (0, -x.shape[axis] % shares)
    return _by_rows(jnp.pad(x, missing), axis)


def by_rows(x_B: jax.Array) -> jax.Array:
    """What is computed of rows, held where the rows are, if these go up evenly."""
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty or x_B.shape[0] % (mesh.shape["data"] * mesh.shape["fsdp"]):
        return x_B
    return _by_rows(x_B, 0)


def _by_rows(x: jax.Array, axis: int) -> jax.Array:
    return jax.lax.with_sharding_constraint(x, PartitionSpec(*(None,) * axis, _ROWS))


def placed(tree: Tree) -> Tree:
    """Weights of the host by the names of parameters, each device with its part, which alone it is sent."""
    mesh = jax.sharding.get_mesh()
    if mesh.empty:
        return tree

    def put(path: Any, leaf: Any) -> jax.Array:
        sharding = NamedSharding(mesh, _spec(path, leaf, dict(mesh.shape)))
        if isinstance(leaf, jax.Array) and leaf.sharding == sharding:
            return leaf
        host = np.asarray(leaf)
        return jax.make_array_from_callback(host.shape, sharding, lambda part: host[part])

    return jax.tree_util.tree_map_with_path(put, tree)


def whole(leaf: Any) -> npt.NDArray[Any]:
    """All of an array, on the host; of one that lies with several processes, each of them has it then."""
    if isinstance(leaf, jax.Array) and not (leaf.is_fully_addressable or leaf.is_fully_replicated):
        return np.asarray(multihost_utils.process_allgather(leaf, tiled=True))
    return np.asarray(leaf)


def agreed(*numbers: int) -> tuple[int, ...]:
    """The greatest of each of these numbers that any process of this run has; all of them ask together."""
    if jax.process_count() == 1:
        return numbers
    every = multihost_utils.process_allgather(np.array(numbers, np.int32))
    return tuple(np.max(every, axis=0).tolist())


def layout() -> dict[str, Any]:
    """The mesh and the processes of what is computed here, for timing.json; nothing without a mesh."""
    mesh = jax.sharding.get_abstract_mesh()
    return {} if mesh.empty else {"mesh": dict(mesh.shape), "processes": jax.process_count()}
