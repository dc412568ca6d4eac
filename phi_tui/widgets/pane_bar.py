"""PaneBar: the panes of a tab in one row, each with the letter that opens it; the open one is marked."""

from collections.abc import Mapping

from textual.content import Content
from textual.widgets import Static


class PaneBar(Static):
    """`panes` maps a pane to its title, whose first letter is its key."""

    def __init__(self, panes: Mapping[str, str], *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._panes = panes

    def show(self, current: str) -> None:
        names = (_name(title, is_current=pane == current) for pane, title in self._panes.items())
        self.update(Content(" ").join(names), layout=False)


def _name(title: str, *, is_current: bool) -> Content:
    """Brackets as well as colour: the open pane is seen without colours too."""
    if is_current:
        return Content.styled(f"[{title}]", "bold $text-accent")
    return Content.assemble(" ", (title[0], "underline"), title[1:], " ")
