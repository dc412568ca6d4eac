"""A dialog that asks what is compared: which questions, which adapters and checkpoints, and whether a judge judges.

Dismisses with a Chosen, or None. Checks what was typed and says what is wrong beside it; loads nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from phi_core.errors import PhiError
from phi_core.evaluation.bundled_sets import question_path
from phi_core.plain_text import one_line
from phi_tui.compare_choice import Candidate, CompareChoice, candidates, choice_of, typed_choice, with_judge
from phi_tui.compare_folder import DEFAULT_FILE, Opened
from phi_tui.messages import Done, Failed
from phi_tui.question_files import QuestionFile, question_files
from phi_tui.services import start
from phi_tui.widgets.plain import PlainStatic, content, key_line

SEARCHING = "looking for runs …"


@dataclass(frozen=True)
class Chosen:
    choice: CompareChoice
    questions: Path


class ChooseComparison(ModalScreen[Chosen | None]):
    """`opened` is what is compared now: it stays where nothing else is marked or typed."""

    AUTO_FOCUS = "#choose-adapters"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("space", "mark", "Mark", show=False),
    ]

    DEFAULT_CSS = """
    ChooseComparison {
        & #choose-adapters { height: auto; min-height: 2; max-height: 40%; }
        & #choose-files { height: 1fr; min-height: 2; }
        & .dialog-label { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & .dialog-keys { padding: 0; }
    }
    ChooseComparison.-high, ChooseComparison.-tall {
        & OptionList, & Input { margin-bottom: 1; }
        & #choose-questions { margin-bottom: 0; }
    }
    """

    def __init__(self, runs_root: Path, opened: Opened) -> None:
        super().__init__()
        self._runs_root, self._opened = runs_root, opened
        self._candidates: tuple[Candidate, ...] = ()
        self._files: tuple[QuestionFile, ...] = ()
        self._marked: list[Candidate] = []

    def compose(self) -> ComposeResult:
        judge = self._opened.choice.request.judge if self._opened.choice else None
        with Vertical(id="choose-box", classes="dialog tall") as box:
            box.border_title = "What is compared"
            yield PlainStatic(SEARCHING, id="choose-title", classes="dialog-label")
            yield OptionList(id="choose-adapters", markup=False)
            yield PlainStatic("or a base model: folder or hub id", classes="dialog-label")
            yield self._line("choose-name", "", "none")
            yield PlainStatic("and adapters' folders, endpoints http://…/v1#model", classes="dialog-label")
            yield self._line("choose-others", "", "none; commas separate several")
            yield PlainStatic("Questions: a file, or one of these", classes="dialog-label")
            yield self._line("choose-questions", self._questions, "a YAML file")
            yield OptionList(id="choose-files", markup=False)
            yield PlainStatic("Judge: base, an adapter's name, an endpoint", classes="dialog-label")
            yield self._line("choose-judge", judge or "", "none: answers are scored, nobody judges")
            yield PlainStatic(id="choose-problem", classes="dialog-problem")
            keys = (("space", "Mark"), ("enter", "Take"), ("tab", "Next field"), ("esc", "Back"))
            yield Static(key_line(*keys), classes="dialog-keys")

    @property
    def _questions(self) -> str:
        asked = self._opened.question_set
        return str(asked.path if asked else DEFAULT_FILE)

    def _line(self, id: str, text: str, hint: str) -> Input:
        line = Input(text, placeholder=hint, id=id, compact=True)
        line.cursor_blink = False
        return line

    def on_mount(self) -> None:
        root = self._runs_root
        start(self, "candidates", lambda: (candidates(root), question_files()))

    def on_done(self, event: Done) -> None:
        event.stop()
        self._candidates, self._files = event.result
        adapters, files = self._list("adapters"), self._list("files")
        adapters.add_options(self._option(found) for found in self._candidates)
        files.add_options(Option(content(one_line(found.words))) for found in self._files)
        if self._candidates:
            adapters.highlighted = 0
        else:
            self.query_one("#choose-name").focus()
        title = (
            "Adapters and checkpoints" if self._candidates else f"There is no adapter in {self._runs_root}"
        )
        kept = f" · nothing marked or typed: {self._kept}" if self._kept else ""
        self.query_one("#choose-title", PlainStatic).show(one_line(f"{title}{kept}"))

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self.query_one("#choose-title", PlainStatic).show(event.text)

    @property
    def _kept(self) -> str:
        choice = self._opened.choice
        return f"{choice.words} stays" if choice and not choice.request.adapters else ""

    def action_mark(self) -> None:
        """Mark the highlighted adapter, or take the mark from it."""
        found = self._highlighted
        if found is None or self.focused is not self._list("adapters"):
            return
        if found in self._marked:
            self._marked.remove(found)
        else:
            self._marked.append(found)
        for place, other in enumerate(self._candidates):
            self._list("adapters").replace_option_prompt_at_index(place, self._option(other).prompt)

    @on(OptionList.OptionSelected, "#choose-adapters")
    def _take_adapters(self) -> None:
        self._finish()

    @on(OptionList.OptionSelected, "#choose-files")
    def _take_file(self, event: OptionList.OptionSelected) -> None:
        self.query_one("#choose-questions", Input).value = str(self._files[event.option_index].path)
        self._finish()

    @on(OptionList.OptionHighlighted, "#choose-files")
    def _show_file(self, event: OptionList.OptionHighlighted) -> None:
        if self.focused is event.option_list:
            self.query_one("#choose-questions", Input).value = str(self._files[event.option_index].path)

    @on(Input.Submitted)
    def _finish(self) -> None:
        try:
            choice = with_judge(self._choice(), self._typed("judge"))
        except PhiError as error:
            return self._complain(str(error))
        path = question_path(self._typed("questions"))
        if not path.is_file():
            return self._complain(f"question file {path} does not exist")
        self.dismiss(Chosen(choice, path))

    def _choice(self) -> CompareChoice:
        """What is typed, else what is marked, else what is highlighted; PhiError if that is nothing that goes."""
        name, others = self._typed("name"), self._typed("others")
        if name or others:
            return typed_choice(name, others)
        if self._marked:
            return choice_of(self._marked)
        found = self._highlighted
        if found is not None and self.focused is self._list("adapters"):
            return choice_of([found])
        if self._opened.choice is not None:
            return self._opened.choice
        return choice_of([found]) if found is not None else typed_choice("", "")

    @property
    def _highlighted(self) -> Candidate | None:
        place = self._list("adapters").highlighted
        return self._candidates[place] if place is not None and place < len(self._candidates) else None

    def _option(self, found: Candidate) -> Option:
        mark = "[x]" if found in self._marked else "[ ]"
        return Option(Content(f"{mark} {one_line(found.words)}"))

    def _list(self, name: str) -> OptionList:
        return self.query_one(f"#choose-{name}", OptionList)

    def _typed(self, name: str) -> str:
        return self.query_one(f"#choose-{name}", Input).value.strip()

    def _complain(self, what: str) -> None:
        problem = self.query_one("#choose-problem", PlainStatic)
        problem.display = True
        problem.show(what)

    def action_leave(self) -> None:
        self.dismiss(None)
