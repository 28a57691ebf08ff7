"""Tables of one's own: three kinds of file that mean the same, columns by name, empty cells, keys."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from tests.compiler.conftest import Write, checked, findings
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draw_world, world_seeds
from wug.compiler.draw import draw
from wug.compiler.facts import Populated
from wug.compiler.populating.populate import populate_fresh
from wug.compiler.populating.sheets import read_data
from wug.compiler.saying.render import text_of
from wug.compiler.world import World

ROWS: list[dict[str, Any]] = [
    {"sku": "A1", "title": "anvil", "list_price": Decimal("12.50"), "owner": 7, "since": date(2020, 1, 31)},
    {"sku": "B2", "title": "bucket", "list_price": None, "owner": 8, "since": date(2021, 2, 28)},
    {
        "sku": "C3",
        "title": "candle",
        "list_price": Decimal("9.00"),
        "owner": None,
        "since": date(2020, 1, 31),
    },
]
OWNERS = "id,name\n7,Ada\n8,Bob\n"
SPEC = """wug 1
world shop {
  entity product from "products.%s" { named title  key sku }
  entity owner from "owners.csv" { named name  key id }
  relation costs(p: product, price: money)   { functional  populate rows { price "list_price"  empty } }
  relation sold(p: product, since: date)     { functional  populate rows }
  relation owned(p: product, by: owner)      { functional  populate rows { by "owner"  empty } }
  relation record(p: product, price: money, by: owner) {
    populate rows { price "list_price"  by "owner"  empty }
  }
}
"""


def put(write: Write, format: str) -> World:
    """The shop with its products in a file of this format."""
    write("owners.csv", OWNERS)
    path = write("shop.world", SPEC % format)
    products = path.parent / f"products.{format}"
    plain = [{key: None if value is None else str(value) for key, value in row.items()} for row in ROWS]
    if format == "csv":
        lines = [",".join(plain[0]), *(",".join(value or "" for value in row.values()) for row in plain)]
        products.write_text("\n".join(lines) + "\n")
    elif format == "jsonl":
        numbers = [row | {"owner": each["owner"]} for row, each in zip(plain, ROWS, strict=True)]
        kept = [{key: value for key, value in row.items() if value is not None} for row in numbers]
        products.write_text("".join(json.dumps(row) + "\n" for row in kept))
    else:
        parquet.write_table(pa.Table.from_pylist(ROWS), products)
    world = checked(path)
    assert isinstance(world, World)
    return world


def said(world: World, populated: Populated, name: str) -> list[tuple[str, ...]]:
    """The facts of one relation as texts."""
    facts, relation = populated.facts[name], world.relations[name]
    columns = [
        text_of(world, populated, a.type, 0, facts.world, facts.arguments[:, place]).tolist()
        for place, a in enumerate(relation.arguments)
    ]
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_one_table_in_three_formats(write: Write, format: str) -> None:
    world = put(write, format)
    populated, _ = draw_world(world, world_seeds(1), Report())
    assert said(world, populated, "costs") == [("anvil", "12.50"), ("candle", "9.00")]
    assert said(world, populated, "sold") == [
        ("anvil", "2020-01-31"),
        ("bucket", "2021-02-28"),
        ("candle", "2020-01-31"),
    ]
    assert said(world, populated, "owned") == [("anvil", "Ada"), ("bucket", "Bob")]
    assert said(world, populated, "record") == [("anvil", "12.50", "Ada")]


@pytest.mark.parametrize("facts", [1, 4, 12])
def test_fresh_rows_are_others_with_owners_of_their_own(write: Write, facts: int) -> None:
    world = put(write, "csv")
    seeds = draw(world_seeds(1)[0], "fresh", np.arange(20))
    sheets = read_data(world, Report())
    wanted = {name: np.full(20, facts) for name in world.relations}
    populated = populate_fresh(world, seeds, wanted, sheets, Report())
    for name in world.relations:
        found = np.bincount(populated.facts[name].world, minlength=20)
        assert (found <= facts).all()
        assert found.sum() > 0
    assert not {"anvil", "bucket", "candle"} & set(populated.names["product"].reshape(-1).tolist())
    assert not {"12.50", "9.00"} & set(populated.values["money"].texts.tolist())


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["anvil", "bucket", "anvil"], "'anvil' names row 1 and row 3"),
        (["anvil", None, "candle"], "row 2 of 'things.parquet' has an empty cell in column 'name'"),
        ([["anvil"], ["bucket"], ["candle"]], "row 1 of 'things.parquet' has a cell that is no single value"),
        ([datetime(2020, 1, 1), datetime(2020, 1, 2), datetime(2020, 1, 3)], "no single value"),
    ],
)
def test_parquet_is_read_as_strictly(write: Write, tmp_path: Path, cells: list[Any], message: str) -> None:
    path = write(
        "things.world",
        'wug 1\nworld things {\n  entity thing from "things.parquet" { named name }\n'
        "  relation near(a: thing, b: thing) { populate pairs { count 1 } }\n}\n",
    )
    parquet.write_table(pa.table({"name": pa.array(cells)}), path.parent / "things.parquet")
    items = findings(path, "things.world", tmp_path / "build")
    assert [item.code for item in items] == ["W0407"]
    assert message in items[0].message


def test_a_line_of_json_ends_where_a_line_ends(write: Write) -> None:
    """Not at the other separators of Unicode, which may stand in a text."""
    spec = 'wug 1\nworld w {\n  entity thing from "t.jsonl" { named name }\n%s}\n'
    pairs = "  relation near(a: thing, b: thing) { populate pairs { count 1 } }\n"
    write("t.jsonl", '{"name": "a\u2028b"}\r\n\n{"name": "c"}\n')
    world = checked(write("w.world", spec % pairs))
    assert isinstance(world, World)
    assert read_data(world, Report())["thing"].names == ["a\u2028b", "c"]


def test_a_broken_parquet_file_is_an_error_of_the_spec(write: Write, tmp_path: Path) -> None:
    path = write("things.world", 'wug 1\nworld things { entity thing from "t.parquet" { named name } }\n')
    write("t.parquet", b"PAR1" + bytes(40) + b"PAR1")
    assert [item.code for item in findings(path, "things.world", tmp_path / "build")] == ["W0404"]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_a_check_needs_no_library(write: Write, format: str) -> None:
    put(write, format)
    code = (
        "import sys; from pathlib import Path; from wug.compiler.checking.check import check; "
        "from wug.compiler.diagnosis.diagnostics import Report; report = Report(); "
        "check(Path(sys.argv[1]), 'shop.world', report); "
        "assert not report.items; "
        "print(sorted({'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    path = write("shop.world", SPEC % format)
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
