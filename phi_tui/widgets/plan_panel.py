"""PlanPanel: what a run with the form's options would do, or calmly why there is no plan yet."""

from textwrap import fill

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from phi_tui.plan_text import Preview
from phi_tui.series import Curves
from phi_tui.widgets.plain import PlainStatic
from phi_tui.widgets.plot import Plot

NAME_WIDTH = 12


class PlanPanel(VerticalScroll):
    """Facts, warnings, schedule curve and the equal command. Keeps the last plan, dimmed, while a new one is made."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facts: tuple[tuple[str, str], ...] = ()

    def on_resize(self) -> None:
        if self._facts:
            self.query_one("#plan-facts", PlainStatic).show(self._aligned())

    def compose(self) -> ComposeResult:
        yield Static("Plan", classes="group-name", markup=False)
        yield PlainStatic(id="plan-facts")
        yield PlainStatic(id="plan-warnings")
        yield Plot(id="plan-curve")
        yield Static("The same from the command line", classes="group-name", markup=False)
        yield PlainStatic(id="plan-command")

    def show_command(self, command: str) -> None:
        self.query_one("#plan-command", PlainStatic).show(command)

    def show_waiting(self) -> None:
        self.add_class("-old")

    def show_preview(self, preview: Preview) -> None:
        self._facts = preview.facts
        self._show(self._aligned(), preview.warnings, preview.curve)
        self.remove_class("-empty")

    def show_trouble(self, text: str) -> None:
        """Why there is no plan: problems of the form, or what is wrong with the data or the model."""
        self._facts = ()
        self._show(text, "", Curves(""))
        self.add_class("-empty")

    def _show(self, facts: str, warnings: str, curve: Curves) -> None:
        self.remove_class("-old")
        self.query_one("#plan-facts", PlainStatic).show(facts)
        self.query_one("#plan-warnings", PlainStatic).show(warnings)
        self.query_one("#plan-curve", Plot).show(curve)

    def _aligned(self) -> str:
        """Names on the left, what is said of them wrapped beside."""
        width = max(self.content_size.width - 1, 2 * NAME_WIDTH)
        texts = (
            fill(text, width, initial_indent=f"{name:<{NAME_WIDTH}}", subsequent_indent=" " * NAME_WIDTH)
            for name, text in self._facts
        )
        return "\n".join(texts)
