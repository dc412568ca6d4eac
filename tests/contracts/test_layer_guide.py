"""docs/layers.md says what the code does: groups, counterparts and goals are compared cell by cell."""

from pathlib import Path

from phi_core.model_files.architecture import FAMILIES
from phi_core.model_files.base_models import BASE_MODELS
from phi_core.model_files.layers import GOALS, ROLES, TITLES, layer_groups

GUIDE = (Path(__file__).parents[2] / "docs" / "layers.md").read_text(encoding="utf-8")


def rows(header: str) -> list[list[str]]:
    """The cells of the table that begins with this header cell."""
    table = GUIDE.split(f"| {header} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_groups_have_the_roles_that_phi_layers_prints() -> None:
    assert rows("group") == [[TITLES[name], ROLES[name]] for name in TITLES if name != "other"]


def test_every_family_has_its_row_of_counterparts() -> None:
    found = {
        family.split(" ")[0]: cells[1:]
        for cells in rows("family")
        for family in cells[0].split(", ")
        if family.split(" ")[0] in FAMILIES
    }
    assert set(found) == set(FAMILIES)
    shapes = {base.shape.family: base.shape for base in BASE_MODELS}
    for family, shape in shapes.items():
        assert found[family] == [" ".join(group.targets) for group in layer_groups(shape)], family


def test_the_table_of_goals_is_that_of_the_code() -> None:
    columns = ("attention_in", "attention_out", "feed_forward_in", "embedding", "head")
    told = {
        cells[0]: (cells[1], {group for group, cell in zip(columns, cells[2:], strict=True) if cell})
        for cells in rows("lora_goal")
    }
    assert told == {
        name: (guide.sentence, set(guide.groups) - {"feed_forward_out"}) for name, guide in GOALS.items()
    }
    assert all(("feed_forward_in" in g.groups) == ("feed_forward_out" in g.groups) for g in GOALS.values())
