"""Who is trained and who is asked: parts and holdouts."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import Draft, draft
from wug.compiler.experiment import Experiment
from wug.compiler.inferring.proofs import stated_rows

WORLD = """wug 1
world kinds {
  entity category { count 20 }
  entity trait { count 6 }
  relation above(a: category, b: category) {
    complete  populate forest { roots 2  children 1..3 }
    form down "Above {b} are" => " {a}."
  }
  relation has(c: category, p: trait) {
    complete  populate pairs { count 40 }
    form says "{c} have" => " {p}."
  }
  relation shows(c: category, p: trait) {
    complete
    form says "{c} show" => " {p}."
  }
  rule shows(c, p) if above(d, c), has(d, p)
}
"""


def drafted(write: Write, declarations: str) -> Draft:
    write("kinds.world", WORLD)
    experiment = checked(
        write(
            "kinds.experiment",
            'wug 1\nexperiment kinds {\n  world "kinds.world"\n  seeds 3\n'
            f"{declarations}\n"
            "  model speck { layers 1  width 32  heads 2  context 4000 }\n  arm icl { context train }\n"
            "  arm augmented { finetune { steps 1 }  augment local by oracle }\n}\n",
        )
    )
    assert isinstance(experiment, Experiment)
    return draft(experiment, Report())


TRAINS = "  train above in down\n  train has in says\n"


def test_a_holdout_is_trained_only_in_what_it_keeps(write: Write) -> None:
    drawn = drafted(
        write,
        f"  holdout unseen = 3 leaf category {{ keep above }}\n{TRAINS}"
        "  test inherited { shows in says where c in unseen  choices others(2) }\n",
    )
    documents = drawn.documents
    for of in range(3):
        held = np.flatnonzero(drawn.held["unseen"][of])
        assert len(held) == 3
        facts = drawn.closures["above"].facts
        parents = facts.arguments[facts.world == of, 0]
        assert not set(held) & set(parents.tolist()), "leaves"
        names = drawn.populated.names["category"][of][held].tolist()
        mine = documents.take(np.flatnonzero(documents.world == of))
        for name in names:
            about = {
                str(mine.sentences.relation[i])
                for i, text in enumerate(mine.text)
                if name in str(text).strip(".").split()
            }
            assert about <= {"above"}, "and augmentation adds nothing else"
        (items,) = drawn.world_tests(of)
        assert {str(cue).split()[0] for cue in items.cue} <= set(names)
        assert len(items)


def test_a_leaf_of_an_upward_forest_is_no_parent(write: Write) -> None:
    world = """wug 1
world upward {
  entity category { count 9 }
  relation is_a(a: category, b: category) {
    functional  complete  populate forest { upward }
    form says "{a} are a kind of" => " {b}."
  }
}
"""
    write("upward.world", world)
    path = write(
        "upward.experiment",
        """wug 1
experiment upward {
  world "upward.world"
  holdout unseen = 3 leaf category { keep is_a }
  train is_a in says
  test trained { is_a in says  choices others(2) }
  model speck { layers 1  width 32  heads 2 }
  arm pretrained { }
}
""",
    )
    experiment = checked(path)
    assert isinstance(experiment, Experiment)
    drawn = draft(experiment, Report())
    held = np.flatnonzero(drawn.held["unseen"][0])
    assert len(held) == 3
    assert not set(held.tolist()) & set(drawn.closures["is_a"].facts.arguments[:, 1].tolist())


def test_raising_a_holdout_keeps_those_held_out_before(write: Write) -> None:
    asked = f"{TRAINS}  test trained {{ has in says where c not in unseen  choices others(1) }}\n"
    few = drafted(write, f"  holdout unseen = 2 category {{ keep above }}\n{asked}").held["unseen"]
    more = drafted(write, f"  holdout unseen = 25% category {{ keep above }}\n{asked}").held["unseen"]
    assert few.sum(axis=1).tolist() == [2] * 3
    assert more.sum(axis=1).tolist() == [5] * 3
    assert (few <= more).all()
    assert len({tuple(np.flatnonzero(row)) for row in more}) > 1, "each world draws its own"


def test_where_chooses_what_is_trained_and_asked(write: Write) -> None:
    drawn = drafted(
        write,
        "  holdout a = 8 category { keep above  keep has }\n"
        "  train above in down\n  train has in says where c in a\n"
        "  test trained { has in says where c in a  choices others(1) }\n",
    )
    closure = drawn.closures["has"]
    stated = stated_rows(closure)
    facts = closure.facts
    wanted = stated[drawn.held["a"][facts.world[stated], facts.arguments[stated, 0]]]
    documents = drawn.documents
    sentences = documents.sentences
    trained = documents.set[sentences.document] == "train"
    said = sentences.row[trained & (sentences.relation == "has")]
    assert sorted(set(said.tolist())) == sorted(drawn.tests[0].row.tolist()) == wanted.tolist()


def test_what_is_held_out_cannot_be_asked(write: Write) -> None:
    with pytest.raises(SpecError) as caught:
        drafted(
            write,
            f"  holdout unseen = 3 category\n{TRAINS}"
            "  test trained { has in says where c in unseen  choices others(1) }\n",
        )
    assert {item.code for item in caught.value.report.items} == {"W0505"}
