"""The keys table: everything in it works in a plain terminal, and nothing in it is missing from the views."""

import pytest
from textual.widgets import Input, TextArea

from phi_tui.app import VIEW_KEYS, PhiApp
from phi_tui.keys import APP, Key
from phi_tui.views.chat import ChatView
from phi_tui.views.compare import CompareView
from phi_tui.views.data import DataView
from phi_tui.views.runs import RunsView
from phi_tui.views.train import TrainView

VIEWS = {"train": TrainView, "runs": RunsView, "chat": ChatView, "compare": CompareView, "data": DataView}
TABLES = {"app": (PhiApp, APP), **{name: (VIEWS[name], keys) for name, keys in VIEW_KEYS.items()}}
UNSENDABLE = {
    "ctrl+h",
    "ctrl+i",
    "ctrl+m",
    "ctrl+left_square_bracket",
    "ctrl+enter",
    "shift+enter",
    "alt+enter",
}


def _all() -> list[tuple[str, type, Key]]:
    return [(name, owner, key) for name, (owner, keys) in TABLES.items() for key in keys]


@pytest.mark.parametrize(
    ("name", "owner", "key"), _all(), ids=lambda value: value.action if isinstance(value, Key) else ""
)
def test_every_key_has_its_action(name: str, owner: type, key: Key) -> None:
    assert hasattr(owner, f"action_{key.action.partition('(')[0]}")


@pytest.mark.parametrize(
    ("name", "owner", "key"), _all(), ids=lambda value: value.action if isinstance(value, Key) else ""
)
def test_no_key_is_one_that_a_terminal_cannot_send(name: str, owner: type, key: Key) -> None:
    for word in key.keys.split(","):
        assert word not in UNSENDABLE
        assert not (word.startswith("alt+") and word[-1].isdigit())


@pytest.mark.parametrize(
    ("name", "owner", "key"), _all(), ids=lambda value: value.action if isinstance(value, Key) else ""
)
def test_no_control_key_is_taken_from_text_fields(name: str, owner: type, key: Key) -> None:
    used = {
        word for table in (Input, TextArea) for binding in table.BINDINGS for word in binding.key.split(",")
    }
    taken = {word for word in key.keys.split(",") if word.startswith("ctrl+")} & used
    assert not taken


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_no_key_stands_twice_in_a_table(table: str) -> None:
    words = [word for key in TABLES[table][1] for word in key.keys.split(",")]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("table", VIEW_KEYS, ids=str)
def test_no_tab_takes_the_key_of_another_tab(table: str) -> None:
    tabs = {word for key in APP if key.action.endswith("_tab") for word in key.keys.split(",")}
    assert not tabs & {word for key in TABLES[table][1] for word in key.keys.split(",")}
