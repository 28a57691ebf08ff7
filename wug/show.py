"""What a spec says, as a person reads it: words, facts, documents, questions with proofs, an episode."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft, draw_world
from wug.compiler.draw import seed_word
from wug.compiler.emitting.episodes import DOCUMENT_ID, compile_episodes
from wug.compiler.emitting.tokenizer import build_tokenizer
from wug.compiler.experiment import Experiment, Learner
from wug.compiler.facts import Closure, Populated
from wug.compiler.inferring.proof_tree import Step, aligned, item_tree, proof_tree
from wug.compiler.inferring.proofs import Proofs
from wug.compiler.populating.sheets import characters, read_data
from wug.compiler.saying.render import fill
from wug.compiler.words.pools import token_histograms, token_lines
from wug.compiler.world import World


def show_world(world: World, seed: int, count: int, out: Console) -> None:
    """Names, and some facts of each relation with their proofs and in every form."""
    populated, closures = draw_world(world, np.array([seed_word("world", seed)], np.uint64), Report())
    _title(out, f"world {world.name}, seed {seed}", world.doc)
    _names(world, populated, count, out)
    _facts(world, populated, closures, count, out)


def show_experiment(experiment: Experiment, seed: int, count: int, out: Console) -> None:
    """Names, documents, test items with choices and proofs, what each arm sees, and an episode."""
    drawn = draft(experiment, Report(), seeds=seed + 1)
    seed = min(seed, len(drawn.seeds) - 1)
    _title(out, f"experiment {experiment.name}, seed {seed} of {experiment.seeds}", experiment.doc)
    _names(experiment.world, drawn.populated, count, out, seed)
    if experiment.holdouts:
        _heading(out, "held out")
    for holdout in experiment.holdouts:
        names = drawn.populated.names[holdout.entity][seed]
        _members(out, holdout.name, names[drawn.held[holdout.name][seed]], count)
    documents = drawn.world_documents(seed)
    for name in dict.fromkeys(documents.set.tolist()):
        mine = documents.take(np.flatnonzero(documents.set == name))
        what = "every fine-tuned arm" if name == "train" else f"arm {name} besides"
        _heading(out, f"documents for {what}: {len(mine):,}")
        step = max(1, len(mine) // max(count, 1))
        for text in mine.text[::step][:count].tolist():
            out.print(f"  {text}")
    for items in drawn.world_tests(seed):
        _heading(out, f"test {items.test.name}: {len(items):,} items, chance {items.chance().mean():.2f}")
        for item in range(min(count, len(items))):
            out.print(f"  {items.cue[item]} ..." if items.cue[item] else "  ...")
            for text in items.accepted[item] if items.accepted else ():
                out.print(Text(f"    ✓ {text.strip()}", "green"))
            for place, choice in enumerate([] if items.accepted else items.choices[item].tolist()):
                right = bool(items.accept[item, place])
                out.print(Text(f"    {'✓' if right else '✗'} {choice.strip()}", "green" if right else "dim"))
            _tree(out, item_tree(drawn, items, item), "      ")
    _arms(drawn, seed, out)
    for setting in dict.fromkeys(model.episodes for model in experiment.models if model.episodes.phases):
        readers = [model for model in experiment.models if model.episodes == setting]
        _episode(experiment, readers, out)


def _episode(experiment: Experiment, readers: list[Learner], out: Console) -> None:
    """An episode of those that these models are pretrained on."""
    learner = readers[0]
    tokenizer = build_tokenizer(
        experiment.world, characters(read_data(experiment.world, Report())), experiment.texts()
    )
    phase = dataclasses.replace(learner.episodes.phases[0], episodes=16)
    small = dataclasses.replace(learner, episodes=dataclasses.replace(learner.episodes, phases=(phase,)))
    made = compile_episodes(experiment, small, tokenizer, Report(), lambda done: None)
    whose = "" if len(readers) == len(experiment.models) else f" of {', '.join(m.name for m in readers)}"
    _heading(out, f"a pretraining episode{whose}: facts of a fresh world, then what follows from them")
    number = int(np.argmin(np.abs(made.questions.astype(int) - np.median(made.questions))))
    tokens = made.tokens[number].tolist()
    cut = int(made.questions[number])
    for part, style in ((tokens[:cut], ""), (tokens[cut:], "cyan")):
        starts = [place for place, token in enumerate(part) if token == DOCUMENT_ID]
        for start, end in zip(starts, [*starts[1:], len(part)], strict=True):
            sentence = tokenizer.decode([t for t in part[start + 1 : end] if t], skip_special_tokens=False)
            out.print(Text(f"  {sentence.strip()}", style))


def _title(out: Console, title: str, doc: str) -> None:
    out.print(Text(title, "bold"))
    if doc:
        out.print(doc)


def _heading(out: Console, text: str) -> None:
    out.print(Text(f"\n{text}", "bold blue"))


def _names(world: World, populated: Populated, count: int, out: Console, of: int = 0) -> None:
    for entity in world.entities.values():
        names = populated.names[entity.name][of]
        more = ", ..." if len(names) > 2 * count else ""
        _heading(out, f"{entity.name}: {len(names):,} names")
        out.print(f"  {', '.join(names[: 2 * count].tolist())}{more}")
        for number, part in enumerate(entity.parts):
            _members(out, part, names[populated.parts[entity.name][of] == number], count)
    for line in token_lines(token_histograms(world, Report())):
        out.print(f"  {line}")


def _members(out: Console, what: str, names: NDArray[np.str_], count: int) -> None:
    """So many members, and the first of them."""
    more = ", ..." if len(names) > count else ""
    out.print(Text(f"  {what} ({len(names):,}): {', '.join(names[:count].tolist())}{more}", "dim"))


def _facts(
    world: World, populated: Populated, closures: dict[str, Closure], count: int, out: Console
) -> None:
    proofs = Proofs(world, populated, closures)
    for relation in world.relations.values():
        if relation.built_in:
            continue
        closure = closures[relation.name]
        stated = int((closure.rule < 0).sum())
        _heading(
            out, f"{relation.name}: {stated:,} facts stated, {len(closure.facts) - stated:,} more follow"
        )
        rows = np.concatenate(
            [np.flatnonzero(closure.rule < 0)[:count], np.flatnonzero(closure.rule >= 0)[:count]]
        )
        for row in rows:
            _tree(out, proof_tree(proofs, relation.name, int(row)), "  ")
            of, arguments = closure.facts.world[[row]], closure.facts.arguments[[row]]
            for form in relation.forms:
                out.print(
                    f"    {form.name}: {fill(world, populated, relation, form.pieces, of, arguments)[0]}"
                )


def _tree(out: Console, steps: list[Step], indent: str) -> None:
    for fact, why in aligned(steps):
        out.print(Text.assemble((f"{indent}{fact}", "dim"), (why, "dim italic")))


def _arms(drawn: Draft, seed: int, out: Console) -> None:
    _heading(out, "arms")
    for number, arm in enumerate(drawn.experiment.arms):
        seen = drawn.view(number, seed)
        exposed = np.mean(seen.exposed) if seen.exposed else 0.0
        context = max((len(rows) for rows in seen.contexts), default=0)
        trains = f"{arm.finetune.steps:,} steps" if arm.finetune else "not trained"
        stated = f"{exposed:.0%} of the answers stated outright"
        whose = f", model {arm.model}" if len(drawn.experiment.models) > 1 else ""
        out.print(f"  {arm.name}{whose}: {trains}, {context:,} documents in context, {stated}")
