"""The report: what a finished run says in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import pairwise
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from wug.compiler.asking.shortcut import NAMES
from wug.runtime.after_update_table import after_update_table
from wug.runtime.expect import CONFIDENCE, MANY
from wug.runtime.forgetting_table import forgetting_table
from wug.runtime.price import left_out
from wug.runtime.wording import flops, interval, money, most, percent

SIGNS = {"supported": ("✓", "green"), "refuted": ("✗", "red"), "undecided": ("?", "yellow")}
_WIDEST = 10_000  # columns: more than any table takes


def print_report(document: dict[str, Any], console: Console, late: Collection[str] = ()) -> None:
    """Print a results document: the table, what needs saying about it, and the verdicts, marked where what
    was expected was written `late`."""
    said = (*tables(document, console), *remarks(document), *verdicts(document, late))
    console.print(Group(_title(document), *said))


def tables(document: dict[str, Any], console: Console) -> list[Table]:
    """The table as wide as it wants to be. Where that is too wide it is narrow, and in as few blocks of tests
    as fit, with the arms in front of each and the prices in the last."""

    def fits(made: Table) -> bool:
        options = console.options.update(max_width=_WIDEST)
        return console.measure(made, options=options).maximum <= console.width

    splits = list(dict.fromkeys(row["split"] for row in document["pooled"]))
    whole = table(document, splits)
    if fits(whole):
        return [whole]
    ends = [table(document, splits[first:], narrow=True) for first in range(max(1, len(splits)))]
    first = next((place for place, end in enumerate(ends) if fits(end)), len(ends) - 1)
    blocks: list[Table] = []
    for count in range(1, first + 1):
        bounds = [first * number // count for number in range(count + 1)]
        blocks = [table(document, splits[a:b], narrow=True, prices=False) for a, b in pairwise(bounds)]
        if all(map(fits, blocks)):
            break
    return [*blocks, ends[first]]


def exit_status(document: dict[str, Any], strict: bool = False) -> int:
    """1 where a hypothesis was refuted or an arm has no result, else 0; an undecided one is a failure where
    it is `strict`."""
    failures = ("refuted", "undecided") if strict else ("refuted",)
    refuted = any(each["verdict"] in failures for each in document["expectations"])
    return int(refuted or any(price["failed"] for price in document["arms"].values()))


def table(document: dict[str, Any], splits: list[str], narrow: bool = False, prices: bool = True) -> Table:
    """Arms as rows, with their models where there are several, splits as columns: accuracy and interval, what
    was stated, what was shown, the price.

    Where it is to be `narrow`, each interval stands below its accuracy, and no name loses its end.
    Without `prices` it does not say what was shown either.
    """
    by_place = {(row["arm"], row["split"]): row for row in document["pooled"]}
    padding = (0, 1, 0, 0) if narrow else (0, 1)
    made = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=padding,
    )
    made.add_column("arm", overflow="fold")
    several = len(_models(document)) > 1
    if several:
        made.add_column("model", overflow="fold")
    for split in splits:
        made.add_column(split, overflow="fold")
    paid = next((price["money"] for price in document["arms"].values() if price["money"]), None)
    costs = (f"training {paid['currency']}", "1,000 asked") if paid else ("training", "question")
    for name in ("shown", *costs) if prices else ():
        made.add_column(name, justify="right", no_wrap=True)
    for arm, price in _arms(document).items():
        cells = [cell(by_place.get((arm, split)), narrow) for split in splits]
        told = (_shown(document, arm), *_paid(price)) if prices else ()
        made.add_row(Text(arm, style="bold"), *([price["model"]] if several else []), *cells, *told)
    made.add_section()
    known = {each["split"]: each for each in document["splits"]}
    for baseline in ("chance", "constant", *NAMES):
        values = (known[split][baseline] for split in splits)
        shares = ("–" if value is None else percent(value) for value in values)
        beside = [""] if several else []
        made.add_row(baseline, *beside, *shares, *(("", "", "") if prices else ()), style="dim")
    return made


def _shown(document: dict[str, Any], arm: str) -> str:
    """How many documents an arm was shown at most."""
    shown = max((row["context_docs"] for row in document["pooled"] if row["arm"] == arm), default=0)
    return f"{shown:g} docs" if shown else "–"


def _paid(price: dict[str, Any]) -> tuple[str, str]:
    """To get an arm ready and to ask it: in money where prices are given, else in operations."""
    told = price["money"]
    if told is None:
        spent = price["train_flops"] + price["augment_flops"]
        return (flops(spent) if spent else "–", flops(price["question_flops"]))
    if left_out(price, money=True):
        return (f"{money(told['training'])} + ?", money(1000 * told["question"]))
    spent = told["training"] + told["augmenting"]
    return (money(spent) if spent else "–", money(1000 * told["question"]))


def _arms(document: dict[str, Any]) -> dict[str, Any]:
    """The arms in the order of the spec, as the rows keep it; the failed, who have none, come last."""
    names = dict.fromkeys([*(row["arm"] for row in document["pooled"]), *document["arms"]])
    return {name: document["arms"][name] for name in names}


def _models(document: dict[str, Any]) -> list[str]:
    """The models that arms are of, or that wrote for them."""
    return list(dict.fromkeys(outcome["model"] for outcome in document["pretraining"]))


def _title(document: dict[str, Any]) -> Text:
    seeds = max((row["seeds"] for row in document["pooled"]), default=0)
    items = most(row["n"] for row in document["pooled"])
    many = "s" if seeds != 1 else ""
    return Text.assemble(
        (document["name"], "bold"),
        (f"   {items} questions a cell over {seeds} seed{many}, 95 % intervals", "dim not italic"),
    )


def cell(row: dict[str, Any] | None, narrow: bool) -> Text:
    if row is None:
        return Text("no result", style="red")
    shown = row["compared"] if 0 < row["compared"]["n"] < row["n"] else row
    above, below = shown["low"] > row["chance"], shown["high"] < row["chance"]
    style = "bold green" if above else "bold red" if below else "bold"
    parted = row["accuracy_exposed"] is not None and row["accuracy_unexposed"] is not None
    accuracy = (f"{percent(shown['accuracy']):>5}", style)
    mark = " ●" if row["exposed"] == 1 and not parted else ""
    if narrow:
        cell = Text.assemble(accuracy, (f"{mark}\n {interval(shown)}", "dim"))
    else:
        cell = Text.assemble(accuracy, (f"  {interval(shown)}{mark}", "dim"))
    if shown is not row:
        cell.append(f"\nof {shown['n']:,} of {row['n']:,}", style="dim")
    if parted:
        for sign, part in (("●", "exposed"), ("○", "unexposed")):
            told = {"low": row[f"low_{part}"], "high": row[f"high_{part}"]}
            between = "\n  " if narrow else "  "
            share = percent(row[f"accuracy_{part}"])
            cell.append(f"\n{sign} {share}{between}{interval(told)}", style="dim")
    return cell


def remarks(document: dict[str, Any]) -> list[RenderableType]:
    """What a reader must know beside the numbers."""
    said: list[RenderableType] = [
        Text(
            "● stated outright in what the arm was trained on or shown, ○ not; prices in floating-point",
            "dim",
        ),
        Text("operations, to train a seed and to ask a question", "dim"),
    ]
    if any(price["money"] for price in document["arms"].values()):
        stated = "● stated outright in what the arm was trained on or shown, ○ not; prices of training a seed"
        said = [Text(stated, "dim"), Text("and of 1,000 questions, at what a million tokens cost", "dim")]
    told = (
        "constant: the best habit; frequency, co-occurrence, overlap: what words of the training texts alone"
    )
    said.append(Text(f"{told} would answer", "dim"))
    if any(row["compared"]["n"] < row["n"] for row in document["pooled"]):
        said.append(Text("only items count that every arm which sees anything can answer from it", "dim"))
    for price in document["arms"].values():
        if price["failed"]:
            said.append(Text.assemble(("no result  ", "bold red"), price["failed"]))
    for name, words in (
        ("breakeven_questions", "cheaper than the whole context from so many questions on"),
        ("breakeven_questions_reused", "the same, where that context is read only once"),
    ):
        known = {arm: (price["money"] or price)[name] for arm, price in _arms(document).items()}
        than = {arm: price["breakeven_with"] for arm, price in document["arms"].items()}
        several = len(set(than.values()) - {None}) > 1
        later = [
            f"{arm} {count:,}" + (f" (than {than[arm]})" if several else "")
            for arm, count in known.items()
            if count
        ]
        if later:
            said.append(Text(f"{words}: {', '.join(later)}", "dim"))
    paid = any(price["money"] for price in document["arms"].values())
    servers = [arm for arm, price in _arms(document).items() if left_out(price, paid)]
    if servers:
        why = "their endpoints have no prices" if paid else "operations of a server are not known"
        left = f"what servers took to write is in no price and no break-even ({why}): {', '.join(servers)}"
        said.append(Text(left, "dim"))
    for row in document["pooled"]:
        if row["shortcut"]:
            name, agreement = row["shortcut"]["name"], percent(row["shortcut"]["agreement"])
            said.append(
                Text.assemble(
                    ("below chance  ", "bold red"),
                    f"{row['arm']}, {row['split']}: {agreement} of its answers are what the shortcut {name} "
                    f"gives, which alone is right in {percent(row['shortcut']['accuracy'])}",
                )
            )
    for row in document["pooled"]:
        if row["wrong"]:
            texts = ", ".join(f"'{each['text']}' {each['n']:,}" for each in row["wrong"][:3])
            said.append(Text(f"{row['arm']}, {row['split']}: its commonest wrong answers: {texts}", "dim"))
    said += [_adapter(arm, price, document) for arm, price in _arms(document).items() if "lora" in price]
    said += [_replayed(arm, price) for arm, price in _arms(document).items() if "replay" in price]
    said += [
        _stopped(arm, price) for arm, price in _arms(document).items() if "steps" in price.get("stop", ())
    ]
    said += [_tuned(arm, price) for arm, price in _arms(document).items() if "tuned" in price]
    said += [_written(arm, audit) for arm, audit in document["augmentation"].items()]
    for outcome in document["pretraining"]:
        whose = f"{outcome['model']}, " if len(_models(document)) > 1 else ""
        if not outcome["steps"]:
            told = f"not pretrained ({whose}seed {outcome['seed']}): weights as drawn"
            if "checkpoint" in outcome:
                told = f"{outcome['model']} is a checkpoint of {outcome['parameters']:,} parameters"
            said.append(Text(told, "dim"))
            continue
        shares = ", ".join(f"{kind} {percent(share)}" for kind, share in outcome["accuracy"].items())
        told = (
            f"pretraining ({whose}seed {outcome['seed']}): {outcome['steps']:,} steps; in context: {shares}"
        )
        said.append(Text(f"{told}, {percent(outcome['asked'])} was asked for", "dim"))
        if not outcome["reached"]:
            short = "  less than was asked for: arms with context may say more of the model than of context"
            said.append(Text(short, "bold yellow"))
    if document["pretraining"]:
        said.append(Text(_luck(document), "dim"))
    said += after_update_table(document.get("update", ()))
    said += forgetting_table(document["forgetting"])
    if document["advice"]:
        said.append(Text(f"\n{document['advice']['sentence']}", "bold"))
    return said


def _luck(document: dict[str, Any]) -> str:
    """How much of the luck of pretraining is in the intervals, which take seeds for independent. Of several
    models the one that was pretrained least often counts."""
    count = min(Counter(outcome["model"] for outcome in document["pretraining"]).values())
    seeds = max((row["seeds"] for row in document["pooled"]), default=0)
    whose = " of some model" if len(_models(document)) > 1 else ""
    if count == 1:
        return f"one pretraining{whose}: the intervals do not cover its luck"
    if count < seeds:
        return f"{count} pretrainings{whose} for {seeds} seeds: the intervals cover their luck in part"
    return "a pretraining for each seed: the intervals cover their luck"


def _adapter(arm: str, price: dict[str, Any], document: dict[str, Any]) -> Text:
    """How much of its model an arm trains."""
    told, model = price["lora"], price["model"]
    whole = next(each["parameters"] for each in document["pretraining"] if each["model"] == model)
    what = f"an adapter of rank {told['rank']} beside {', '.join(told['targets'])}"
    return Text(f"{arm}: trains {what}: {told['parameters']:,} numbers beside {whole:,}", "dim")


def _replayed(arm: str, price: dict[str, Any]) -> Text:
    """What an arm reads beside its own documents."""
    told = price["replay"]
    what = "what its model was pretrained on" if told["of"] == "pretraining" else "general text"
    share = percent(told["tokens"] / price["train_tokens"])
    return Text(f"{arm}: replays {what}: {share} of the {price['train_tokens']:,} tokens of a seed", "dim")


def _stopped(arm: str, price: dict[str, Any]) -> Text:
    """When the seeds of an arm stopped, and whose weights they answer with."""
    told, most = price["stop"], price["train_steps"]
    ends = [dict.fromkeys((min(told[name]), max(told[name]))) for name in ("steps", "best")]
    steps, best = (" to ".join(f"{step:,}" for step in each) for each in ends)
    where = f"measured on {told['on']} every {told['every']:,} steps"
    return Text(f"{arm}: {where}: stopped after {steps} of {most:,}, and was best after {best}", "dim")


def _tuned(arm: str, price: dict[str, Any]) -> Text:
    """How an arm's training was chosen, and what that took."""
    told = price["tuned"]
    tried, many = told["candidates"], "s" if told["worlds"] > 1 else ""
    items = most(each["n"] for each in tried if not each["failed"])
    chosen = f"learning rate {told['learning_rate']:g}"
    chosen += "" if price["match"] else f" and {told['steps']:,} steps"
    shares = sorted(each["accuracy"] for each in tried if not each["failed"])
    ends = dict.fromkeys(percent(share) for share in (shares[:1] + shares[-1:]))
    right = f"right in {' to '.join(ends)}" if ends else "none of them to its end"
    where = f"on {items} questions about what is trained in {told['worlds']} world{many} apart"
    paid = price["money"]
    spent = flops(price["tuning_flops"])
    if paid:
        spent = (
            f"{paid['currency']} {money(paid['tuning'])}" if paid["tuning"] is not None else "unknown sums"
        )
    found = f"{chosen}, of {len(tried)} trainings that were tried ({right})"
    return Text(f"{arm}: tuned {where}: {found}; that took {spent}, once", "dim")


def _written(arm: str, audit: dict[str, Any]) -> Text:
    """What an arm's teacher wrote, and how much of it follows."""
    if not audit["texts"]:
        return Text(f"{arm}: its teacher wrote nothing", "bold yellow")
    within = interval({"low": audit["precision_low"], "high": audit["precision_high"]})
    follow = f"{percent(audit['precision'])} ({within})"
    verdicts = audit["verdicts"]
    rest = ", ".join(
        f"{verdicts[name]:,} {words}"
        for name, words in (
            ("contradicting", "contradict"),
            ("unsupported", "rest on nothing"),
            ("not_understood", "are no sentences of the world"),
        )
        if verdicts[name]
    )
    told = f"{arm}: of {audit['texts']:,} texts that were written {follow} follow from what is trained"
    told += f"; {rest}" if rest else ""
    if audit["coverage"] is not None:
        kinds = ", ".join(
            f"{kind}s {count['covered']:,} of {count['admissible']:,}"
            for kind, count in audit["by_kind"].items()
            if count["admissible"]
        )
        told += f". New statements that may be made and were: {kinds}"
    told += f". {audit['kept']:,} are trained"
    told += f"; {audit['too_long']:,} are longer than the model sees" if audit["too_long"] else ""
    told += f"; {audit['unanswered']:,} requests had no answer" if audit["unanswered"] else ""
    if audit["unknown"]:
        told += f"; of their tokens {percent(audit['unknown'])} are unknown, words that are not of the world"
    return Text(told, "dim")


def verdicts(document: dict[str, Any], late: Collection[str] = ()) -> list[RenderableType]:
    """One line an expectation, and another where it was written after the results."""
    said: list[RenderableType] = [Text("")] if document["expectations"] else []
    for each in document["expectations"]:
        mark, colour = SIGNS[each["verdict"]]
        found = ""
        if each["effect"] is not None:
            bound = f"{each['bound']:{_sign(each)}g}"
            found = f"  {each['measured']} {effect(each)}, asked for: {each['asked']} {bound}"
        said.append(
            Text.assemble(
                (f"{mark} {each['verdict']}", f"bold {colour}"),
                f"  {each['text']}\n",
                (f"             {claim(each)}{found}", "dim"),
                (f"\n             {each['reason']}" if each["reason"] else "", "dim"),
                (
                    "\n             written after these results were there" if each["text"] in late else "",
                    "yellow",
                ),
            )
        )
    count = len(document["expectations"])
    if count > MANY:
        share = f"{100 * document['expectations'][0]['confidence']:.4g} %"
        told = f"of {count} hypotheses some come out by chance: these are intervals of {share}, so that all "
        said.append(Text(f"{told}hold together at {percent(CONFIDENCE)}", "dim"))
    return said


def claim(each: dict[str, Any]) -> str:
    """What an expectation says."""
    if each["op"] == "within":
        return f"{each['left']} within {each['margin']:g} of {each['right']}"
    return f"{each['left']} {each['op']} {each['right']}"


def effect(each: dict[str, Any]) -> str:
    """What was measured for an expectation, with its interval; nothing where it could not be."""
    if each["effect"] is None:
        return ""
    found, low, high = (f"{each[name]:{_sign(each)}.2f}" for name in ("effect", "low", "high"))
    return f"{found} [{low}, {high}]"


def _sign(each: dict[str, Any]) -> str:
    return "+" if each["measured"] == "difference" else ""
