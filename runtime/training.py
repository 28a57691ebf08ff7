"""The weights of a run: pretrained, read from a checkpoint, fine-tuned, each a cached stage.

JAX is imported only once something has to be computed. A stage's key holds all that its bits depend on, and
no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wug.compiler.lora import Lora
from wug.compiler.mesh import Mesh
from wug.compiler.plan import Arm, Learner, Model, Plan, Replay
from wug.compiler.record import as_plain
from wug.compiler.store import Entry, Store
from wug.progress import Progress
from wug.runtime import corpus as corpora
from wug.runtime import episodes
from wug.runtime.cluster import SharedStore
from wug.runtime.corpus import Corpus, World
from wug.runtime.failure import RuntimeFailure
from wug.runtime.files import read_json, write_json
from wug.runtime.host import description, prepare
from wug.runtime.interruption import Interruption
from wug.runtime.keys import device_kind, key
from wug.runtime.replay import Replayed, of_episodes, of_text
from wug.runtime.source import outcome_of
from wug.runtime.stopping import held_out_digest

if TYPE_CHECKING:
    from wug.runtime.learn import Tree


class Training:
    """What is learned, where it is kept, and the weights that were read so far. The `corpus` is that of the
    compiled directory, read by whoever has several runs over it."""

    def __init__(
        self,
        plan: Plan,
        compiled: Path,
        store: Store,
        progress: Progress,
        interruption: Interruption,
        checkpoint_every_s: float,
        mesh: Mesh | None = None,
        corpus: Corpus | None = None,
    ) -> None:
        self.mesh = mesh if mesh is not None and mesh.devices > 1 else None
        self.plan, self.compiled, self.store, self.progress = plan, compiled, store, progress
        self.interruption, self.checkpoint_every_s = interruption, checkpoint_every_s
        self.corpus: Corpus = self.replaying(corpus or corpora.load(compiled, plan.seeds))
        self.arms: dict[str, Arm] = {arm.name: arm for arm in plan.arms}
        self.weights: dict[str, Tree] = {}
        self._pretrained_keys: dict[tuple[str, int], str] = {}
        self.prepared = False

    def settle(self, arms: Sequence[Arm]) -> Sequence[Arm]:
        """The arms, tuned and matched, as they are trained: those that continue one find it like this."""
        self.arms = {arm.name: arm for arm in arms}
        return arms

    def replaying(self, corpus: Corpus) -> Corpus:
        """A corpus whose worlds have what arms replay. Raises Damaged."""
        replayed: dict[str, Replayed] = {}
        for arm in self.plan.arms:
            replay = arm.finetune.replay if arm.finetune is not None else None
            if replay is not None:
                replayed[arm.name] = self._replayed(self.plan.learner(arm), replay)
        worlds = tuple(replace(world, replayed=replayed) for world in corpus.worlds) if replayed else None
        return replace(corpus, worlds=worlds) if worlds else corpus

    def _replayed(self, learner: Learner, replay: Replay) -> Replayed:
        if replay.key:
            return of_text(self.store.path(f"{self.plan.name}/replayed", replay.key))
        folder = self.store.path(f"{self.plan.name}/episodes", learner.pretraining_key)
        return of_episodes(episodes.load(folder, self.compiled / "tokenizer.json"), learner.pretraining)

    def weights_key(self, arm: Arm, worlds: Sequence[World]) -> str | list[str]:
        return self.trained_key(arm, worlds) if arm.finetune else self.begun_key(arm, worlds)

    def begun_key(self, arm: Arm, worlds: Sequence[World]) -> str | list[str]:
        """Identifies the weights that an arm begins with."""
        if arm.continues:
            return self.weights_key(self.arms[arm.continues], worlds)
        return self.pretrained_keys(self.plan.learner(arm), worlds)

    def begun_weights(self, arm: Arm, worlds: Sequence[World], label: str) -> list[Tree]:
        """The weights that an arm begins with in each world: its model's, or those of another arm."""
        if arm.continues:
            return self.parameters(self.arms[arm.continues], worlds, self._label(arm, label))
        return self.pretrained_weights(self.plan.learner(arm), worlds)

    def started(self, arm: Arm, worlds: Sequence[World], label: str) -> str | None:
        """See to it that there are weights to begin with; why there are none, where another arm has none."""
        self.pretrained_for(self.plan.learner(arm), worlds)
        if not arm.continues:
            return None
        return self.failed(self.arms[arm.continues], worlds, self._label(arm, label))

    def failed(self, arm: Arm, worlds: Sequence[World], label: str) -> str | None:
        """Train what an arm answers with; why it has no weights, where its training came apart."""
        if arm.finetune is None:
            return self.started(arm, worlds, label)
        told = read_json(self.trained(arm, worlds, label) / "outcome.json")["failed"]
        return None if told is None else str(told)

    def _label(self, arm: Arm, label: str) -> str:
        """The label of the same block of the arm that is continued."""
        return f"{arm.continues} {label.rpartition(' ')[2]}"

    def parameters(self, arm: Arm, worlds: Sequence[World], label: str) -> list[Tree]:
        """The weights with which an arm answers in each world."""
        if arm.finetune is None:
            return self.begun_weights(arm, worlds, label)
        trained = self.trained_weights(arm, worlds, label)
        lora = arm.finetune.lora
        if lora is None:
            return trained
        from wug.runtime.adapter import merged

        own = self.begun_weights(arm, worlds, label)
        both = zip(map(self.placed, own), map(self.placed, trained), strict=True)
        return [merged(weights, adapter, lora) for weights, adapter in both]

    def pretrained_weights(self, learner: Learner, worlds: Sequence[World]) -> list[Tree]:
        """For each world the weights that a model learns and answers with, or writes; the same ones once."""
        return [self.load(learner, folder) for folder in self.pretrained_for(learner, worlds)]

    def trained_weights(self, arm: Arm, worlds: Sequence[World], label: str) -> list[Tree]:
        """What was trained of an arm for each world: all weights, or with `lora` an adapter."""
        folder, model = self.trained(arm, worlds, label), self.plan.learner(arm).model
        return self.load_stacked(model, folder, len(worlds), arm.finetune.lora if arm.finetune else None)

    def trained_key(self, arm: Arm, worlds: Sequence[World]) -> str:
        learner = self.plan.learner(arm)
        return key(
            "trained",
            {
                "from": self.begun_key(arm, worlds),
                "model": _shape(learner.model),
                "finetune": as_plain(arm.finetune),
                "seeds": [world.seed for world in worlds],
                "documents": [world.training_digest(arm.name) for world in worlds],
                **({"held_out": held_out} if (held_out := _held_out(arm, worlds)) else {}),
                **({"answers": [w.answer_digest(arm.name) for w in worlds]} if _answers_only(arm) else {}),
            },
        )

    def trained(self, arm: Arm, worlds: Sequence[World], label: str) -> Path:
        """The entry of the fine-tuned weights of one arm and block of seeds, stacked."""
        kind, name = f"{self.plan.name}/trained", self.trained_key(arm, worlds)
        if self.store.has(kind, name):
            return self.store.path(kind, name)
        learner = self.plan.learner(arm)
        if (told := self.started(arm, worlds, label)) is not None:
            return self._not_begun(kind, name, label, arm, told)
        with self._together(kind, name, label) as entry:
            if not entry.ready:
                self.prepare()
                from wug.runtime.adapter import fresh_adapter
                from wug.runtime.finetune import finetune, stacked

                model, vocabulary = learner.model, self.corpus.vocabulary
                start, beside = self.begun_weights(arm, worlds, label), []
                if arm.finetune is not None and (lora := arm.finetune.lora) is not None:
                    adapters = [fresh_adapter(model, vocabulary, lora, world.seed) for world in worlds]
                    start, beside = adapters, start
                with self.laid_out():
                    finetune(
                        model,
                        vocabulary,
                        arm,
                        worlds,
                        stacked(start),
                        entry.scratch,
                        self.progress,
                        self.interruption,
                        self.checkpoint_every_s,
                        beside,
                    )
                entry.commit()
        return entry.path

    def _not_begun(self, kind: str, name: str, label: str, arm: Arm, why: str) -> Path:
        """The entry of an arm that has nothing to continue."""
        with self._together(kind, name, label) as entry:
            if not entry.ready:
                told = f"arm {arm.name} continues {arm.continues}, which has no weights: {why}"
                write_json(entry.scratch / "outcome.json", {"failed": told, "stopped": {}})
                write_json(entry.scratch / "timing.json", {"seconds": 0.0, **description()})
                entry.commit()
        return entry.path

    def pretrained_keys(self, learner: Learner, worlds: Sequence[World]) -> list[str]:
        return [self.pretrained_key(learner, learner.pretraining_seed(world.seed)) for world in worlds]

    def pretrained_key(self, learner: Learner, seed: int) -> str:
        place = learner.name, seed
        if place not in self._pretrained_keys:
            self._pretrained_keys[place] = self._pretrained_key(learner, seed)
        return self._pretrained_keys[place]

    def _pretrained_key(self, learner: Learner, seed: int) -> str:
        if learner.checkpoint is not None:
            own = {"checkpoint": learner.checkpoint.digest, "model": _shape(learner.model)}
            return key("pretrained", own)
        setting = as_plain(learner.pretraining)
        return key(
            "pretrained",
            {
                "episodes": learner.pretraining_key,
                "model": _shape(learner.model),
                "pretraining": {**setting, "seed": seed},
            },
        )

    def pretrained_for(self, learner: Learner, worlds: Sequence[World]) -> list[Path]:
        """For each world the entry of the weights that a model learns and answers with, or writes."""
        return [self.pretrained(learner, learner.pretraining_seed(world.seed)) for world in worlds]

    def pretrained(self, learner: Learner, seed: int) -> Path:
        """The entry of the pretrained weights of a model."""
        kind, name = f"{self.plan.name}/pretrained", self.pretrained_key(learner, seed)
        if self.store.has(kind, name):
            return self.store.path(kind, name)
        if learner.checkpoint is not None:
            return self._known(learner, seed, name)
        label = "pretraining" if len(self.plan.models) == 1 else f"pretraining {learner.name}"
        with self._together(kind, name, label) as entry:
            if not entry.ready:
                self.prepare()
                from wug.runtime.pretrain import pretrain

                folder = self.store.path(f"{self.plan.name}/episodes", learner.pretraining_key)
                read = episodes.load(folder, self.compiled / "tokenizer.json")
                with self.laid_out():
                    pretrain(
                        learner.model,
                        learner.pretraining,
                        read,
                        seed,
                        entry.scratch,
                        self.progress,
                        self.interruption,
                        self.checkpoint_every_s,
                        label,
                    )
                entry.commit()
        return entry.path

    def _known(self, learner: Learner, seed: int, name: str) -> Path:
        """The entry of a checkpoint: what is told of its pretraining. Its weights stay where they are."""
        kind = f"{self.plan.name}/pretrained"
        with self.store.entry(kind, name, waiting=self.waiting(learner.name)) as entry:
            if not entry.ready:
                write_json(entry.scratch / "outcome.json", outcome_of(learner, seed))
                write_json(
                    entry.scratch / "timing.json", {"seconds": 0.0, "tokens_per_s": 0, **description()}
                )
                entry.commit()
        return entry.path

    def load(self, learner: Learner, folder: Path) -> Tree:
        """A model's weights before it is fine-tuned, read once: an entry's, or those of its checkpoint."""
        if learner.checkpoint is None:
            return self._load(learner.model, folder)
        if folder.name not in self.weights:
            self.prepare()
            from wug.runtime.weights import checkpoint_weights

            self.progress.note(f"reading {learner.checkpoint.path}")
            self.weights[folder.name] = checkpoint_weights(learner.checkpoint, self.mesh is not None)
        return self.weights[folder.name]

    def load_stacked(self, model: Model, folder: Path, seeds: int, lora: Lora | None = None) -> list[Tree]:
        """The weights of each seed of a trained block, or their adapters."""
        import jax

        stacked = self._load(model, folder, seeds, lora)
        host = jax.tree.map(np.asarray, stacked)
        return [jax.tree.map(lambda leaf, place=place: leaf[place], host) for place in range(seeds)]

    def _load(self, model: Model, folder: Path, seeds: int = 0, lora: Lora | None = None) -> Tree:
        self.prepare()
        import jax

        from wug.runtime.adapter import adapter_shapes
        from wug.runtime.checkpoint import load_parameters
        from wug.runtime.learn import structure

        if folder.name not in self.weights:
            vocabulary = self.corpus.vocabulary
            like = adapter_shapes(model, vocabulary, lora) if lora else structure(model, vocabulary)[1]
            if seeds:
                like = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((seeds, *leaf.shape), leaf.dtype), like)
            if self.mesh is not None:  # a device may not have room for all of it
                like = jax.tree.map(lambda leaf: np.empty(leaf.shape, leaf.dtype), like)
            self.weights[folder.name] = load_parameters(folder / "parameters", like)
        return self.weights[folder.name]

    def placed(self, parameters: Tree) -> Tree:
        """Weights as they are asked: each device of the mesh with its part of them, if there is a mesh. Where
        several processes share it, the first one asks by itself, on one device."""
        if self.mesh is None or self.several:
            return parameters
        from wug.runtime.mesh import placed

        with self.laid_out():
            return placed(parameters)

    @contextmanager
    def laid_out(self) -> Iterator[None]:
        """What is trained in this block is laid out over the mesh, if there is one."""
        self.prepare()
        from wug.runtime.mesh import over

        with over(self.mesh):
            yield

    def prepare(self) -> None:
        """Import and set up JAX, once. Raises EnvironmentFailure where the mesh is not for these devices."""
        if self.prepared:
            return
        if self.several and self.mesh is None:
            raise RuntimeFailure(
                "several processes need a mesh of all their devices, such as --mesh data=16; one process may "
                "run without one"
            )
        named = f", mesh {self.mesh}" if self.mesh is not None else ""
        self.progress.note(f"computing on {device_kind()}{named}")
        prepare(self.store.root)
        if self.mesh is not None:
            from wug.runtime.mesh import devices_of

            devices_of(self.mesh)
        self.prepared = True

    @property
    def several(self) -> bool:
        """Whether several processes are this run."""
        return isinstance(self.store, SharedStore)

    def first(self, what: str) -> AbstractContextManager[bool]:
        """A block that the first of several processes goes through before the others. Whether this is it."""
        return self.store.first(what) if isinstance(self.store, SharedStore) else nullcontext(True)

    def alone(
        self, kind: str, name: str, label: str, trained: Callable[[], object], resume: bool = False
    ) -> AbstractContextManager[Entry]:
        """An entry that the first of several processes makes alone, of weights that all of them have trained
        together before: in a block of its own no process would meet the others."""
        if self.several and not self.store.has(kind, name):
            trained()
        return self.store.entry(kind, name, resume=resume, waiting=self.waiting(label))

    def weighed(self, arm: Arm, worlds: Sequence[World], label: str) -> None:
        """Train what an arm answers with."""
        self.started(arm, worlds, label)
        if arm.finetune is not None:
            self.trained(arm, worlds, label)

    def _together(self, kind: str, name: str, label: str) -> AbstractContextManager[Entry]:
        """An entry that is trained, by all processes together."""
        return self.store.entry(kind, name, resume=True, together=True, waiting=self.waiting(label))

    def host(self) -> dict[str, Any]:
        """Who computes this, and over which mesh."""
        mesh = {"mesh": self.mesh.sizes} if self.mesh is not None else {}
        return description() | mesh

    def waiting(self, what: str) -> Any:
        return lambda: self.progress.note(f"another run is at work on {what}: waiting for it")


def _answers_only(arm: Arm) -> bool:
    return arm.finetune is not None and arm.finetune.loss == "answer"


def _held_out(arm: Arm, worlds: Sequence[World]) -> list[str]:
    """What a training is measured with to stop early."""
    stop = arm.finetune.stop if arm.finetune is not None else None
    return [held_out_digest(world, arm.name, stop) for world in worlds] if stop is not None else []


def _shape(model: Model) -> dict[str, Any]:
    """A model as its weights see it: neither its name nor how much it may be shown."""
    return {name: value for name, value in as_plain(model).items() if name not in ("name", "context")}
