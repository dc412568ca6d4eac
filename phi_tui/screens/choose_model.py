"""A dialog that asks which model answers, and in Compare which questions: a run from a list, or names typed.

Dismisses with a Chosen, or None. Checks what was typed and says what is wrong beside it; loads nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from phi_core.errors import PhiError
from phi_core.files import typed_path
from phi_core.plain_text import one_line
from phi_tui.engine_choice import ModelChoice, RunChoice, typed_choice
from phi_tui.engine_files import find_runs
from phi_tui.engine_messages import RunsFound, ServiceFailed
from phi_tui.engine_services import in_background
from phi_tui.widgets.plain import PlainStatic, content

SEARCHING = "looking for runs …"


@dataclass(frozen=True)
class Chosen:
    """`model` None: keep the one there is. `questions` is None in Chat."""

    model: ModelChoice | None
    questions: Path | None = None


class ChooseModel(ModalScreen[Chosen | None]):
    """`questions` is the path shown in the field for a question file; None leaves the field out."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    DEFAULT_CSS = """
    ChooseModel {
        align: center middle;
        & #choose-box {
            width: 90%; max-width: 110; height: auto; max-height: 100%;
            border: round $primary; padding: 0 1; background: $surface;
        }
        & #choose-runs { height: auto; max-height: 8; border: none; padding: 0; }
        & Input { background: $panel; }
        & Input:focus { background: $primary 30%; }
        & .choose-label { color: $text-muted; margin-top: 1; }
        & #choose-problem { color: $text-error; display: none; margin-top: 1; }
    }
    """

    def __init__(
        self, runs_root: Path, *, keeps: ModelChoice | None = None, questions: Path | None = None
    ) -> None:
        super().__init__()
        self._runs_root = runs_root
        self._keeps = keeps
        self._questions = questions
        self._choices: tuple[RunChoice, ...] = ()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="choose-box", can_focus=False):
            if self._questions is not None:
                yield PlainStatic("Question file", classes="choose-label")
                yield Input(
                    str(self._questions), placeholder="a YAML file", id="choose-questions", compact=True
                )
            yield PlainStatic(SEARCHING, id="choose-title", classes="choose-label")
            yield OptionList(id="choose-runs", markup=False)
            yield PlainStatic(
                "or a base model (may be empty if the adapter names it)", classes="choose-label"
            )
            yield Input(placeholder="folder or hub id", id="choose-name", compact=True)
            yield PlainStatic("with an adapter (may be empty)", classes="choose-label")
            yield Input(placeholder="folder", id="choose-adapter", compact=True)
            yield PlainStatic(id="choose-problem")
            yield PlainStatic(self._hint, classes="choose-label")

    @property
    def _hint(self) -> str:
        kept = (
            f" · no model named: {self._keeps.words} stays"
            if self._keeps and self._questions is not None
            else ""
        )
        return f"enter takes it · tab next field · esc back{kept}"

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
        title = "Model: a run" if fact.choices else f"Model: there is no run in {self._runs_root}"
        self.query_one("#choose-title", PlainStatic).show(title)
        self._focus_first()

    def _focus_first(self) -> None:
        """The question file, or the newest run that can answer, or the field for a name."""
        runs = self.query_one("#choose-runs", OptionList)
        if any(run.choice for run in self._choices):
            runs.action_first()
        if self._questions is None and runs.highlighted is not None:
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
            self._finish(choice)

    @on(Input.Submitted)
    def _take_typed(self) -> None:
        name, adapter = self._typed("#choose-name"), self._typed("#choose-adapter")
        if self._questions is not None and not name and not adapter and self._keeps is not None:
            return self._finish(None)
        try:
            return self._finish(typed_choice(name, adapter))
        except PhiError as error:
            return self._complain(str(error))

    def _finish(self, model: ModelChoice | None) -> None:
        if self._questions is None:
            self.dismiss(Chosen(model))
            return
        path = typed_path(self._typed("#choose-questions"))
        if path.is_file():
            self.dismiss(Chosen(model, path))
        else:
            self._complain(f"question file {path} does not exist")

    def _typed(self, selector: str) -> str:
        return self.query_one(selector, Input).value.strip()

    def _complain(self, what: str) -> None:
        problem = self.query_one("#choose-problem", PlainStatic)
        problem.display = True
        problem.show(what)

    def action_leave(self) -> None:
        self.dismiss(None)
