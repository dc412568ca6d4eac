"""A dialog that asks which model answers: a run from a list, or names and addresses typed.

Dismisses with a ModelChoice, or None. Checks what was typed and says what is wrong beside it; loads nothing.
"""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from phi_core.errors import PhiError
from phi_core.plain_text import one_line
from phi_tui.background_services import in_background
from phi_tui.engine_choice import ModelChoice, RunChoice, typed_choice
from phi_tui.engine_files import find_runs
from phi_tui.engine_messages import RunsFound, ServiceFailed
from phi_tui.widgets.plain import PlainStatic, content, key_line

SEARCHING = "looking for runs …"


class ChooseModel(ModalScreen[ModelChoice | None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    DEFAULT_CSS = """
    ChooseModel {
        & #choose-box { max-height: 100%; }
        & #choose-runs { height: auto; max-height: 8; margin-bottom: 1; }
        & Input { margin-bottom: 1; }
    }
    """

    def __init__(self, runs_root: Path) -> None:
        super().__init__()
        self._runs_root = runs_root
        self._choices: tuple[RunChoice, ...] = ()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="choose-box", classes="dialog wide", can_focus=False) as box:
            box.border_title = "Who answers"
            yield PlainStatic(SEARCHING, id="choose-title", classes="dialog-label")
            yield OptionList(id="choose-runs", markup=False)
            yield PlainStatic(
                "or a base model (may be empty if the adapter names it), or an endpoint",
                classes="dialog-label",
            )
            yield Input(
                placeholder="folder, hub id, or http://host:port/v1#model", id="choose-name", compact=True
            )
            yield PlainStatic("with an adapter (may be empty)", classes="dialog-label")
            yield Input(placeholder="folder", id="choose-adapter", compact=True)
            yield PlainStatic(id="choose-problem", classes="dialog-problem")
            keys = (("enter", "Take"), ("tab", "Next field"), ("esc", "Back"))
            yield Static(key_line(*keys), classes="dialog-keys")

    def on_mount(self) -> None:
        in_background(self, lambda: find_runs(self._runs_root))

    @on(RunsFound)
    def _show_runs(self, fact: RunsFound) -> None:
        self._choices = fact.choices
        runs = self.query_one("#choose-runs", OptionList)
        runs.add_options(
            Option(content(one_line(run.words)), disabled=run.choice is None) for run in fact.choices
        )
        runs.display = bool(fact.choices)
        title = "A run" if fact.choices else f"There is no run in {self._runs_root}"
        self.query_one("#choose-title", PlainStatic).show(title)
        self._focus_first()

    def _focus_first(self) -> None:
        """The newest run that can answer, or the field for a name."""
        runs = self.query_one("#choose-runs", OptionList)
        if any(run.choice for run in self._choices):
            runs.action_first()
        if runs.highlighted is not None:
            runs.focus()
        else:
            self.query("Input").first(Input).focus()

    @on(ServiceFailed)
    def _say_no_runs(self, fact: ServiceFailed) -> None:
        self.query_one("#choose-title", PlainStatic).show(fact.what)

    @on(OptionList.OptionSelected)
    def _take_run(self, event: OptionList.OptionSelected) -> None:
        choice = self._choices[event.option_index].choice
        if choice is not None:
            self.dismiss(choice)

    @on(Input.Submitted)
    def _take_typed(self) -> None:
        try:
            self.dismiss(typed_choice(self._typed("#choose-name"), self._typed("#choose-adapter")))
        except PhiError as error:
            self._complain(str(error))

    def _typed(self, selector: str) -> str:
        return self.query_one(selector, Input).value.strip()

    def _complain(self, what: str) -> None:
        problem = self.query_one("#choose-problem", PlainStatic)
        problem.display = True
        problem.show(what)

    def action_leave(self) -> None:
        self.dismiss(None)
