"""KeyBar: the last row. The keys that work now, as many as fit, read from the active bindings.

A view may have a method `is_offered(action)`: what would only be refused is left out of the bar.
"""

from collections.abc import Iterator

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from phi_tui.keymap import TABLES
from phi_tui.keys import shown_key

GAP = 2
PLACES = {
    f"{view}.{key.id}": place
    for place, (view, key) in enumerate((view, key) for view, table in TABLES.items() for key in table)
}
LAST = ("palette", "quit", "help")


class KeyBar(Widget):
    """One line; the palette, `quit` and `help` always stand last and are never cut."""

    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; }"
    _shown = ""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update)

    def _update(self, _screen: Screen[object]) -> None:
        """Bindings are looked at whenever a run has news; what is seen of them hardly ever changes."""
        if self._bar().plain != self._shown:
            self.refresh()

    def render(self) -> Content:
        bar = self._bar()
        self._shown = bar.plain
        return bar

    def _bar(self) -> Content:
        entries: dict[str, Content] = {}
        for action, entry in self._entries():
            entries.setdefault(action, entry)  # of several keys for an action the first is shown
        last = [entries.pop(action) for action in LAST if action in entries]
        kept, left = [], self.size.width - sum(entry.cell_length + GAP for entry in last)
        for entry in entries.values():
            if entry.cell_length + GAP > left:
                break
            kept.append(entry)
            left -= entry.cell_length + GAP
        return Content(" " * GAP).join([*kept, *last])

    def _entries(self) -> Iterator[tuple[str, Content]]:
        for active in sorted(self.screen.active_bindings.values(), key=lambda each: _place(each.binding)):
            binding = active.binding
            offered = getattr(active.node, "is_offered", lambda _action: True)
            if binding.show and active.enabled and offered(binding.action):
                yield binding.action, _entry(binding.key, binding.description)


def _place(binding: Binding) -> int:
    """In the order of the tables, also where a person has other keys; a focused widget's own come first."""
    return PLACES.get(binding.id or "", -1)


def _entry(key: str, text: str) -> Content:
    return Content.assemble((shown_key(key).replace("ctrl+", "^"), "bold $text-accent"), " ", text)
