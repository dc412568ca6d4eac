"""KeyBar: the last row. The keys that work now, as many as fit, read from the active bindings.

A view may have a method `is_offered(action)`: what would only be refused is left out of the bar.
"""

from collections.abc import Iterator

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from phi_tui.keys import shown_key

GAP = 2
LAST = ("quit", "help")


class KeyBar(Widget):
    """One line; `quit` and `help` always stand last and are never cut."""

    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; }"

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update)

    def _update(self, _screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
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
        for active in self.screen.active_bindings.values():
            binding = active.binding
            offered = getattr(active.node, "is_offered", lambda _action: True)
            if binding.show and active.enabled and offered(binding.action):
                yield binding.action, _entry(binding.key, binding.description)


def _entry(key: str, text: str) -> Content:
    return Content.assemble((shown_key(key).replace("ctrl+", "^"), "bold $accent"), " ", text)
