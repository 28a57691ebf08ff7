import pytest

from wug.cli import main
from wug.compiler.mesh import Mesh, parse

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("text", "mesh"),
    [
        ("data=4,fsdp=2", Mesh(4, 2, 1)),
        ("tensor=2, data=8", Mesh(8, 1, 2)),
        ("none", Mesh()),
        ("data=1", Mesh()),
    ],
)
def test_a_mesh_is_said_by_its_axes(text: str, mesh: Mesh) -> None:
    assert parse(text) == mesh
    assert parse(str(mesh)) == mesh


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("date=4", "'date' is no axis of a mesh: data, fsdp, tensor"),
        ("data=4,data=2", "'data' is said twice"),
        ("data=0", "'data' takes a number of devices from 1 to 100,000, as in data=2"),
        ("data", "'data' takes a number of devices"),
        ("data=²", "'data' takes a number of devices"),
        ("", "'' is no axis"),
    ],
)
def test_a_wrong_spelling_is_told_and_exits_2(text: str, why: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "x.experiment", "--mesh", text])
    assert ended.value.code == 2
    assert why in capsys.readouterr().err
