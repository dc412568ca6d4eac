"""Queueing: this run once, or several that differ in what a line says. Shows every run that would be made before any is.

Dismisses with the line, "" for once, or None. The combinations are `planning.several`'s.
"""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from phi_core.config.problems import SPECS
from phi_core.errors import ConfigError
from phi_core.planning.several import MOST_RUNS, variants
from phi_tui.draft import Draft
from phi_tui.widgets.plain import PlainStatic, content, key_line

ONCE = (
    "Empty: this run once. For several, say what differs:\n"
    "  learning_rate=1e-4,2e-4 seed=1,2      four runs\n"
    "  lora_targets=q_proj,v_proj|auto       | between the values of a list"
)


class OptionSuggester(Suggester):
    """Continues the name of an option that is being typed; → takes it."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        begun = value.rpartition(" ")[2]
        if not begun or "=" in begun:
            return None
        name = next((name for name in SPECS if name.startswith(begun)), None)
        return f"{value}{name[len(begun) :]}=" if name else None


class QueueSeveral(ModalScreen[str | None]):
    """`line` is what was typed the last time: it is offered again."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("tab", "complete", "Complete", show=False),
        Binding("down", "scroll(1)", "Down", show=False),
        Binding("up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, draft: Draft, line: str = "") -> None:
        super().__init__()
        self._draft, self._text = draft, line

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide") as box:
            box.border_title = content("Queue")
            line = Input(self._text, "once", suggester=OptionSuggester(), id="queue-line", compact=True)
            line.cursor_blink = False
            yield line
            yield PlainStatic(id="queue-count", classes="list-note")
            with VerticalScroll(id="queue-scroll", can_focus=False):
                yield PlainStatic(id="queue-runs")
            keys = (("enter", "Queue"), ("tab", "Complete"), ("↑ ↓", "Scroll"), ("esc", "Back"))
            yield Static(key_line(*keys), classes="dialog-keys")

    def on_mount(self) -> None:
        self._show(self._text)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, line: str) -> None:
        """What would be queued, or what is wrong with the line."""
        count, runs = self.query_one("#queue-count", PlainStatic), self.query_one("#queue-runs", PlainStatic)
        if not line.strip():
            count.show("1 run: the form as it is")
            return runs.show(ONCE, "$text-muted")
        try:
            found = variants(line, self._draft.texts)
        except ConfigError as error:
            count.show("Nothing can be queued yet", "$text-warning")
            return runs.show("\n".join(map(str, error.problems)), "$text-error")
        plural = "s" if len(found) > 1 else ""
        count.show(f"{len(found)} run{plural} of at most {MOST_RUNS}, in this order", "$text-success")
        runs.show("\n".join(f"{number:>3}  {variant.label}" for number, variant in enumerate(found, start=1)))

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        line = event.value.strip()
        try:
            if line:
                variants(line, self._draft.texts)
        except ConfigError:
            return  # what is wrong stands below
        self.dismiss(line)

    def action_complete(self) -> None:
        self.query_one(Input).action_cursor_right()

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_leave(self) -> None:
        self.dismiss(None)
