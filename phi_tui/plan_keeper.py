"""PlanKeeper: makes the plan of the form anew after each change, keeps the newest and shows it with what was measured.

Works for the Train tab, which gets the messages of the task "plan" and hands them on.
"""

from typing import TYPE_CHECKING

from textual.timer import Timer

from phi_core.errors import Problem
from phi_tui.field_trouble import beside_fields, preview_of
from phi_tui.form_yaml import yaml_of
from phi_tui.messages import Done, Failed
from phi_tui.plan_text import Preview
from phi_tui.services import Latest
from phi_tui.widgets.plain import PlainStatic
from phi_tui.widgets.plan_panel import PlanPanel

if TYPE_CHECKING:
    from phi_tui.views.train import TrainView

PLAN_DELAY_SECONDS = 0.4


class PlanKeeper:
    """`preview` is None, and `trouble` says why, where the form has no plan. `problems` are those of options that planning found."""

    def __init__(self, view: "TrainView") -> None:
        self._view = view
        self._planner = Latest(view, "plan")
        self._timer: Timer | None = None
        self.preview: Preview | None = None
        self.trouble = ""
        self.problems: tuple[Problem, ...] = ()

    def make_soon(self) -> None:
        if self._timer:
            self._timer.stop()
        self._timer = self._view.set_timer(PLAN_DELAY_SECONDS, self._make)
        self._panel.show_waiting()
        self._panel.show_command(self._view.draft.command_line, yaml_of(self._view.draft))

    def _make(self) -> None:
        checked = self._view.draft.checked
        config = checked.config
        if config is None:
            self._planner.cancel()
            self._found(())
            self._show_trouble("\n".join(map(str, checked.problems)), len(checked.problems))
        else:
            self._planner.submit(lambda: preview_of(config))

    def done(self, event: Done) -> None:
        if self._planner.awaits(event):
            self.preview, self.trouble = event.result, ""
            self._found(())
            self.show()
            self._view.dialogs.show_memory()

    def failed(self, event: Failed) -> None:
        if self._planner.awaits(event):
            self._found(beside_fields(event.error, self._view.draft))
            self._show_trouble(event.text)

    def _found(self, problems: tuple[Problem, ...]) -> None:
        if problems != self.problems:
            self.problems = problems
            self._view.show_state()

    def show(self) -> None:
        """The newest plan, with what was measured of it and the curves that were chosen."""
        if self.preview is not None:
            probe = self._view.dialogs.probe_state()
            self._panel.show_preview(self.preview, probe, self._view.dialogs.curves(self.preview))
            style = "$text-warning" if self.preview.warnings else ""
            self._summary.show(self.preview.headline(probe), style)

    def say(self, text: str) -> None:
        """In the line of the plan, until there is a new one."""
        self._summary.show(text, "$text-accent")

    def _show_trouble(self, text: str, count: int = 1) -> None:
        self.preview, self.trouble = None, text
        self._panel.show_trouble(text)
        first = text.partition("\n")[0]
        self._summary.show(f"{count} problems: {first}" if count > 1 else first, "$text-error")
        self._view.dialogs.show_memory()

    @property
    def _panel(self) -> PlanPanel:
        return self._view.query_one(PlanPanel)

    @property
    def _summary(self) -> PlainStatic:
        return self._view.query_one("#train-summary", PlainStatic)
