"""Facts to questions: which facts each test asks, in which words, with which choices.

Every right answer follows from trained facts and every wrong choice is false in the full world; what cannot
be shown to be so is an error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.asking.about_pairs import questions_about
from wug.compiler.asking.asked import (
    asked_rows,
    check_taught,
    deep_enough,
    drawn_few,
    item_number,
)
from wug.compiler.asking.choices import (
    Claim,
    contradiction,
    instead,
    others,
    pairs,
    statements,
    strongest,
    too_few,
)
from wug.compiler.asking.free import all_asked, answering
from wug.compiler.asking.phrasing import Phrasing, before, behind
from wug.compiler.asking.questions import Items
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import permute
from wug.compiler.experiment import Test
from wug.compiler.facts import Ints, Rows
from wug.compiler.inferring.known import Known, everything, from_full
from wug.compiler.populating.drawn import Drawn, Mask
from wug.compiler.saying.manner import Which, plain
from wug.compiler.saying.render import Texts, describe, whole
from wug.compiler.updating.stale import foremost, offered, old_facts, removed, state_of
from wug.compiler.updating.versions import REMOVED


@dataclass(frozen=True)
class Offer:
    """The items of a test before their choices are shuffled; `accept` and `claim` are by choice."""

    of: Ints
    relation: Texts
    form: Texts
    row: Rows
    cue: Texts
    offered: list[Texts]
    accept: Mask  # [items, choices]
    claim: Sequence[int]  # which claim each choice makes, -1 for none
    claims: list[Claim]
    depth: Rows
    accepted: tuple[tuple[str, ...], ...] = ()
    old: tuple[tuple[str, ...], ...] = ()


def split(drawn: Drawn, known: Known, report: Report, few: bool = False) -> tuple[Items, ...]:
    """The items of every test, with right keys or not at all; errors go to `report`.

    `known` is what follows from what is trained. With `few`, facts beside which too little is false are left
    out, and tests of which nothing is left: small worlds have such.
    """
    found = []
    for test in drawn.experiment.tests:
        items = _Asker(test, drawn, known, report, few).items()
        if items is not None:
            found.append(items)
    return tuple(found)


class _Asker:
    """Makes the items of one test."""

    def __init__(self, test: Test, drawn: Drawn, known: Known, report: Report, few: bool) -> None:
        self.test, self.drawn, self.known, self.report, self.few = test, drawn, known, report, few
        self.world = drawn.experiment.world
        self.relation = self.world.relations[test.relation]
        self.words = Phrasing(test, drawn)

    def items(self) -> Items | None:
        make = {
            "statements": self.statements,
            "verdict": self.verdict,
            "unknown": self.unknown,
            "generate": self.free,
        }
        offer = make.get(self.test.choices.kind, self.values)()
        if offer is None or not self._proved(offer):
            return None
        order, number = self._order(offer), np.arange(len(offer.of))[:, None]
        accept = offer.accept[number, order]
        return Items(
            test=self.test,
            world=offer.of,
            relation=offer.relation,
            form=offer.form,
            row=offer.row,
            cue=offer.cue,
            choices=np.take_along_axis(np.stack(offer.offered, axis=1), order, axis=1),
            accept=accept,
            answer=np.argmax(accept, axis=1).astype(np.int32),
            claim=np.array(offer.claim, np.int32)[order],
            depth=offer.depth,
            premises=tuple(self._premises(offer)),
            claims=tuple(offer.claims),
            accepted=offer.accepted,
            change=self._change(offer),
            old=offer.old or self._old(offer),
        )

    # Kinds of choices

    def values(self) -> Offer | None:
        """The answer, and false values in its place."""
        rows = self._rows()
        wrong, rows = self._wrong(rows) if rows is not None else (None, np.empty(0, np.int64))
        if wrong is None:
            return None
        of, arguments, depth = self._facts(rows)
        claims = [Claim(self.relation.name, self.test.form, given) for given in (arguments, *wrong)]
        manner = self.words.manner(of)
        cue = self.words.cue(of, arguments, manner)
        offered = [self.words.said(of, claim.arguments, manner, behind(self.test.varied)) for claim in claims]
        accept = np.zeros((len(of), len(claims)), bool)
        accept[:, 0] = True
        return self._offer(of, rows, cue, offered, accept, range(len(claims)), claims, depth)

    def verdict(self) -> Offer | None:
        """A true or a false statement, half of them each, and whether it is true."""
        rows = self._rows()
        wrong, rows = self._wrong(rows) if rows is not None else (None, np.empty(0, np.int64))
        if wrong is None:
            return None
        of, arguments, depth = self._facts(rows)
        counts = np.bincount(of, minlength=len(self.drawn.seeds))
        place = permute(self.drawn.seeds[of], f"{self.test.name}/verdict", item_number(of), counts[of])
        true = place % 2 == 0
        put = np.where(true[:, None], arguments, wrong[0])
        claim = Claim(self.relation.name, self.test.form, put)
        said = self.words.said(of, put, self.words.manner(of), whole)
        cue = np.array([self.test.ask.replace("{statement}", str(text)) for text in said])
        offered = [np.full(len(of), text) for text in self.test.choices.texts]
        accept = np.stack([true, ~true], axis=1)
        return self._offer(of, rows, cue, offered, accept, [0, -1], [claim], depth)

    def unknown(self) -> Offer | None:
        """That it is not known, and false values; one item for each question of which nothing is known."""
        if self.test.change == REMOVED:
            return self.removed()
        rows = asked_rows(self.test, self.relation, self.drawn)
        of, arguments, _ = self._facts(rows)
        places = [place for place in range(arguments.shape[1]) if place != self.test.varied]
        _, first = np.unique(np.column_stack([of, arguments[:, places]]), axis=0, return_index=True)
        rows = rows[np.sort(first)]
        rows = rows[drawn_few(self.test, self.drawn, self._facts(rows)[0])]
        if not len(rows):
            self._nothing()
            return None
        wrong, rows = self._wrong(rows)
        if wrong is None:
            return None
        of, arguments, _ = self._facts(rows)
        return self._not_known(of, rows, arguments, wrong)

    def removed(self) -> Offer | None:
        """That it is not known, what was true before, and other false values; one item for each fact that
        was removed."""
        stated = self.test.facts == "stated"
        of, arguments = removed(self.drawn, self.relation, self.test.varied, stated)
        kept = drawn_few(self.test, self.drawn, of)
        of, arguments = of[kept], arguments[kept]
        if not len(of):
            self._nothing()
            return None
        wrong, have = others(self.test, self.relation, self.drawn, of, arguments, item_number(of))
        if not (have >= self.test.choices.count).all():
            too_few(self.test, self.relation, self.drawn, of, arguments, have, self.report)
            return None
        return self._not_known(of, np.full(len(of), -1), arguments, foremost(wrong, arguments))

    def _not_known(self, of: Ints, rows: Rows, arguments: Ints, wrong: list[Ints]) -> Offer:
        claims = [Claim(self.relation.name, self.test.form, given) for given in wrong]
        manner = self.words.manner(of)
        cue = self.words.cue(of, arguments, manner)
        said = [self.words.said(of, claim.arguments, manner, behind(self.test.varied)) for claim in claims]
        offered = [np.full(len(of), self.test.choices.texts[0]), *said]
        accept = np.zeros((len(of), len(offered)), bool)
        accept[:, 0] = True
        depth = np.zeros(len(of), np.int64)
        return self._offer(of, rows, cue, offered, accept, range(-1, len(claims)), claims, depth)

    def statements(self) -> Offer | None:
        """Every statement of a set both ways over a pair; those that follow are right, or the strongest."""
        of, both = pairs(self.test, self.drawn)
        claims = statements(self.test.choices.statements, both)
        full, known = everything(self.drawn), self.known
        sizes = np.stack([known.size(c.relation, of, c.arguments) for c in claims], axis=1)
        true = np.stack([full.rows(c.relation, of, c.arguments) >= 0 for c in claims], axis=1)
        deep = deep_enough(self.test, np.where(sizes > 0, sizes, np.iinfo(np.int64).max).min(axis=1))
        kept = deep & drawn_few(self.test, self.drawn, of)
        if not kept.any():
            self._nothing()
            return None
        of, sizes, true = of[kept], sizes[kept], true[kept]
        claims = [Claim(c.relation, c.form, c.arguments[kept]) for c in claims]
        if bool((true & (sizes == 0)).any()):
            item, column = np.argwhere(true & (sizes == 0))[0]
            self._untaught(claims[column], of, int(item))
            return None
        accept = sizes > 0
        if self.test.choices.accept == "strongest":
            accept = strongest(claims, of, accept, self.drawn, self.report)
        if accept.all() and not self.few:
            message = f"every statement that test '{self.test.name}' offers is right: any answer would do"
            help = "offer what does not follow too, such as the statements of another relation"
            self.report.add("W0503", message, self.test.span, help=help)
            return None
        first = np.argmax(accept, axis=1)
        rows = np.zeros(len(of), np.int64)
        relation, form = (
            np.array([getattr(c, name) for c in claims])[first] for name in ("relation", "form")
        )
        offered = []
        for column, claim in enumerate(claims):
            mine = first == column
            rows[mine] = full.rows(claim.relation, of, claim.arguments)[mine]
            offered.append(self.words.stated(claim, of))
        depth = sizes[np.arange(len(of)), first]
        cue = np.full(len(of), "")
        if self.test.ask:
            cue = questions_about(self.test, self.drawn, of, claims[0].arguments)
            offered = [np.char.add(" ", said) for said in offered]
        return Offer(of, relation, form, rows, cue, offered, accept, range(len(claims)), claims, depth)

    def free(self) -> Offer | None:
        """One item for each question of which all answers are asked for; it is about the fact that rests on
        the fewest."""
        rows = self._rows(few=False)
        if rows is None:
            return None
        every = set(rows.tolist())
        rows = self._questions(rows)
        of, arguments, depth = self._facts(rows)
        manner = self.words.manner(of)
        cue = np.char.rstrip(self.words.said(of, arguments, manner, before(self.test.varied)), " ")
        found = answering(
            self.world, self.drawn.populated, self.drawn.closures, of.tolist(), [str(text) for text in cue]
        )
        name, form = self.relation.name, self.test.form
        whole = np.array([all_asked(answers, name, form, every) for answers in found])
        if not whole.any():
            self._nothing()
            return None
        taken = np.flatnonzero(whole)
        taken = taken[drawn_few(self.test, self.drawn, of[taken])]
        rows, of, arguments, depth = rows[taken], of[taken], arguments[taken], depth[taken]
        manner = manner.take(taken)
        claims = [Claim(self.relation.name, self.test.form, arguments)]
        offered = [self.words.said(of, arguments, manner, behind(self.test.varied))]
        accept = np.ones((len(of), 1), bool)
        offer = self._offer(
            of, rows, self.words.cue(of, arguments, manner), offered, accept, [0], claims, depth
        )
        accepted = tuple(tuple(found[item]) for item in taken)
        old = self._once_said(of, np.char.rstrip(cue[taken], " "), accepted)
        glued = [item for item, text in enumerate(offer.offered[0].tolist()) if text not in accepted[item]]
        if glued:
            said = f"{offer.cue[glued[0]]}{offer.offered[0][glued[0]]}"
            self.report.add(
                "W0503",
                f"the answer of test '{self.test.name}' begins in the midst of a word: '{said}'",
                self.test.span,
                help="let a space or a mark stand before it",
            )
            return None
        return dataclasses.replace(offer, accepted=accepted, old=old)

    # What was right before

    def _once_said(
        self, of: Ints, cue: Texts, accepted: Sequence[tuple[str, ...]]
    ) -> tuple[tuple[str, ...], ...]:
        """What the old version answers to questions and the new one does not."""
        if (changes := self.drawn.changes) is None:
            return ()
        old = changes.old
        asked = of.tolist(), [str(text) for text in cue]
        found = answering(old.experiment.world, old.populated, old.closures, *asked)
        both = zip(found, accepted, strict=True)
        return tuple(tuple(text for text in texts if text not in right) for texts, right in both)

    def _change(self, offer: Offer) -> Texts:
        """What became of the fact that each item is about."""
        found = np.full(len(offer.of), self.test.change, "<U7")
        for name in dict.fromkeys(offer.relation.tolist()):
            mine = np.flatnonzero((offer.relation == name) & (offer.row >= 0))
            varied = self.test.varied if name == self.test.relation else -1
            found[mine] = state_of(self.drawn, name, varied, offer.row[mine])
        return found

    def _old(self, offer: Offer) -> tuple[tuple[str, ...], ...]:
        """What the old version says in each item, of a value or a verdict: the text of a wrong choice."""
        kind = self.test.choices.kind
        if self.drawn.changes is None:
            return ()
        was = None
        if self.test.change == REMOVED:
            return tuple((text,) for text in offer.offered[1].tolist())
        if kind in ("contradiction", "others", "instead", "verdict"):
            was = old_facts(self.drawn, self.relation, self.test.varied, offer.row)
        found: list[tuple[str, ...]] = [()] * len(offer.of)
        if was is None:
            return tuple(found)
        there = (was >= 0).all(axis=1)
        for column, number in enumerate(offer.claim):
            if number < 0:
                continue
            said = there & (offer.claims[number].arguments == was).all(axis=1)
            for item in np.flatnonzero(said).tolist():
                found[item] = (str(offer.offered[column][item]),)
        if kind == "verdict":  # what is true now was false then
            for item in np.flatnonzero(there & offer.accept[:, 0]).tolist():
                found[item] = (str(offer.offered[1][item]),)
        return tuple(found)

    # What they share

    def _questions(self, rows: Rows) -> Rows:
        """Of the facts that answer one question, that which rests on the fewest."""
        of, arguments, depth = self._facts(rows)
        which: Which = "held" if self.test.wording == "held" else "told"
        manner = plain(self.relation.form(self.test.form), len(of), which)
        cue = self.words.said(of, arguments, manner, before(self.test.varied))
        order = np.lexsort((rows, depth))
        pairs = zip(of[order].tolist(), cue[order].tolist(), order.tolist(), strict=True)
        first: dict[tuple[int, str], int] = {}
        for world, text, place in pairs:
            first.setdefault((world, text), place)
        return rows[sorted(first.values())]

    def _rows(self, few: bool = True) -> Rows | None:
        """The facts that are asked about, all of which follow from what is trained; with `few`, no more than
        the test's count."""
        rows = asked_rows(self.test, self.relation, self.drawn)
        if not len(rows):
            self._nothing()
            return None
        depth = self._facts(rows)[2]
        if not check_taught(self.test, self.relation, rows, depth, self.drawn, self.report):
            return None
        rows = rows[deep_enough(self.test, depth)]
        if self.test.choices.source_kind == "instead":
            of, arguments, _ = self._facts(rows)
            rows = rows[instead(self.test, self.relation, self.drawn, of, arguments)[1]]
        if few:
            rows = rows[drawn_few(self.test, self.drawn, self._facts(rows)[0])]
        if not len(rows):
            self._nothing()
            return None
        return rows

    def _nothing(self) -> None:
        if self.few:
            return
        chosen = " that it chooses" if self.test.where or self.test.depth[0] > 1 else ""
        free = self.test.choices.kind == "generate"
        self.report.add(
            "W0501",
            f"test '{self.test.name}' has no items: no fact of '{self.relation.name}'{chosen}"
            + (", or each of its questions has another answer too" if free else ""),
            self.test.span,
        )

    def _facts(self, rows: Rows) -> tuple[Ints, Ints, Rows]:
        """World, arguments, and depth of facts."""
        facts = self.drawn.closures[self.relation.name].facts
        of, arguments = facts.world[rows], facts.arguments[rows]
        return of, arguments, self.known.size(self.relation.name, of, arguments)

    def _wrong(self, rows: Rows) -> tuple[list[Ints] | None, Rows]:
        """The wrong choices of items about these facts, and the facts that have them."""
        test, relation, drawn = self.test, self.relation, self.drawn
        of, arguments, _ = self._facts(rows)
        if test.choices.kind not in ("others", "unknown") and test.varied == relation.converse:
            return contradiction(test, relation, drawn, of, arguments, self.report), rows
        if test.choices.source_kind == "instead":
            return instead(test, relation, drawn, of, arguments)[0], rows
        wrong, have = others(test, relation, drawn, of, arguments, item_number(of))
        kept = have >= test.choices.count
        if not self.few and not kept.all():
            too_few(test, relation, drawn, of, arguments, have, self.report)
            return None, rows
        if not kept.any():
            return None, rows
        rows, wrong = rows[kept], [given[kept] for given in wrong]
        if test.choices.kind == "unknown":
            return wrong, rows
        return offered(wrong, old_facts(drawn, relation, test.varied, rows)), rows

    def _offer(
        self,
        of: Ints,
        rows: Rows,
        cue: Texts,
        offered: list[Texts],
        accept: Mask,
        claim: Sequence[int],
        claims: list[Claim],
        depth: Rows,
    ) -> Offer:
        """Items about facts of the test's relation. A space at the end of a question goes to the choices."""
        spaced = np.char.endswith(cue, " ")
        cue = np.where(spaced, np.char.rstrip(cue, " "), cue)
        moved = [np.where(spaced & ~np.char.startswith(t, " "), np.char.add(" ", t), t) for t in offered]
        relation, form = np.full(len(of), self.relation.name), np.full(len(of), self.test.form)
        return Offer(of, relation, form, rows, cue, moved, accept, list(claim), claims, depth)

    def _order(self, offer: Offer) -> Ints:
        """The choices of each item in drawn order [items, choices]."""
        count = len(offer.offered)
        key = (self.drawn.seeds[offer.of] + item_number(offer.of).astype(np.uint64))[:, None]
        places = np.arange(count, dtype=np.int64)[None, :]
        return permute(key, f"{self.test.name}/order", places, count).astype(np.int32)

    def _proved(self, offer: Offer) -> bool:
        """Whether just the right choices follow from what is trained; reports the first that is otherwise."""
        for column, number in enumerate(offer.claim):
            if number < 0 or self.test.choices.kind in ("statements", "verdict"):
                continue
            claim = offer.claims[number]
            held = self.known.rows(claim.relation, offer.of, claim.arguments) >= 0
            bad = np.flatnonzero(held & ~offer.accept[:, column])
            if len(bad):
                self._untaught(claim, offer.of, int(bad[0]), wrong=True)
                return False
        if self.test.choices.kind != "unknown":
            return True
        claim = offer.claims[0]
        told = self.known.about(self.relation, offer.of, claim.arguments, self.test.varied)
        if not told.any():
            return True
        item = int(np.flatnonzero(told)[0])
        self.report.add(
            "W0505",
            f"test '{self.test.name}' says that nothing is known; "
            f"'{offer.cue[item]}' can be answered from what is trained",
            self.test.span,
            help="ask about a holdout that keeps nothing of it, with 'where'",
        )
        return False

    def _untaught(self, claim: Claim, of: Ints, item: int, wrong: bool = False) -> None:
        relation = self.world.relations[claim.relation]
        fact = describe(self.world, self.drawn.populated, relation, int(of[item]), claim.arguments[item])
        what = "is offered as wrong and follows from" if wrong else "is true and does not follow from"
        message = f"a choice of test '{self.test.name}', {fact}, {what} what is trained"
        self.report.add("W0505", message, self.test.span, help="train all that decides it")

    def _premises(self, offer: Offer) -> list[tuple[tuple[str, int], ...]]:
        """The trained facts behind each item, as rows of the full worlds' closures."""
        known, full = self.known, everything(self.drawn)
        at = from_full(known, self.drawn, offer.relation, offer.row)
        found: list[tuple[tuple[str, int], ...]] = []
        columns = offer.relation.tolist(), at.tolist(), offer.depth.tolist()
        for name, row, depth in zip(*columns, strict=True):
            behind = known.proofs.leaves(name, row) if depth else []
            if known.closures is not full.closures:
                behind = [(leaf, _moved(known, full, leaf, place)) for leaf, place in behind]
            found.append(tuple(behind))
        return found


def _moved(known: Known, full: Known, relation: str, row: int) -> int:
    """The row of a known fact in the full worlds' closure."""
    facts = known.closures[relation].facts
    return int(full.rows(relation, facts.world[[row]], facts.arguments[[row]])[0])
