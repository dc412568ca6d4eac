"""PlanPanel: what a run with the form's options would do, or calmly why there is no plan yet."""

from collections.abc import Iterable
from textwrap import fill

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from phi_tui.memory_text import NO_PROBE, ProbeState, memory_rows, part_rows
from phi_tui.plan_sample import PlanSample
from phi_tui.plan_text import Preview
from phi_tui.series import Curves
from phi_tui.widgets.plain import PlainStatic
from phi_tui.widgets.plot import Plot
from phi_tui.widgets.sample_sheet import SampleSheet

NAME_WIDTH = 12


class PlanPanel(VerticalScroll):
    """Facts, warnings, schedule curves, a record token by token, the equal command and YAML. Keeps the last plan, dimmed,
    while a new one is made."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._preview: Preview | None = None
        self._probe = NO_PROBE

    def on_resize(self) -> None:
        self._lay_out()

    def compose(self) -> ComposeResult:
        yield Static("Plan", classes="group-name", markup=False)
        yield PlainStatic(id="plan-facts")
        yield PlainStatic(id="plan-warnings")
        yield Plot(id="plan-curve")
        yield Static(
            "One record as the model sees it", id="plan-sample-name", classes="group-name", markup=False
        )
        yield PlainStatic(id="plan-sample-about")
        yield SampleSheet(id="plan-sample")
        yield Static("The same from the command line, and as YAML", classes="group-name", markup=False)
        yield PlainStatic(id="plan-command")
        yield PlainStatic(id="plan-yaml")

    def show_command(self, command: str, yaml: str) -> None:
        self.query_one("#plan-command", PlainStatic).show(command)
        self.query_one("#plan-yaml", PlainStatic).show(yaml.rstrip())

    def show_waiting(self) -> None:
        self.add_class("-old")

    def show_preview(self, preview: Preview, probe: ProbeState, curves: Curves) -> None:
        self._preview, self._probe = preview, probe
        self.remove_class("-old", "-empty")
        self._lay_out()
        self.query_one("#plan-warnings", PlainStatic).show(preview.warnings)
        self.query_one("#plan-curve", Plot).show(curves)
        self._show_sample(preview.sample)

    def _show_sample(self, sample: PlanSample | None) -> None:
        self.set_class(sample is None, "-without-sample")
        self.query_one("#plan-sample-about", PlainStatic).show(sample.about if sample else "")
        self.query_one(SampleSheet).show(sample.view if sample else None)

    def show_trouble(self, text: str) -> None:
        """Why there is no plan: problems of the form, or what is wrong with the data or the model."""
        self._preview = None
        self.remove_class("-old")
        self.add_class("-empty")
        self.query_one("#plan-facts", PlainStatic).show(text)
        self.query_one("#plan-warnings", PlainStatic).show("")

    def _lay_out(self) -> None:
        if self._preview is not None:
            memory = self._preview.memory
            rows = (*self._preview.facts, *memory_rows(memory, self._probe), *part_rows(memory))
            width = max(self.content_size.width - 1, 2 * NAME_WIDTH)
            self.query_one("#plan-facts", PlainStatic).show(aligned(rows, width))


def aligned(rows: Iterable[tuple[str, str]], width: int) -> str:
    """Names on the left, what is said of them wrapped beside."""
    texts = (
        fill(text, width, initial_indent=f"{name:<{NAME_WIDTH}}", subsequent_indent=" " * NAME_WIDTH)
        for name, text in rows
    )
    return "\n".join(texts)
