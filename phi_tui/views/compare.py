"""The Compare tab: a file of questions, answered by base and adapter, side by side.

Keys and facts in, batches for the engine host and words for the widgets out. What is known is `self._book`; a batch
that was stopped goes on with what is missing. Loads nothing and starts no thread.
"""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from phi_core.chat.engine import EngineInfo
from phi_tui import keys
from phi_tui.answer_book import MARKS_EXPLAINED, AnswerBook, time_left
from phi_tui.engine_files import find_choice, find_runs, read_questions, write_comparison
from phi_tui.engine_messages import (
    BatchDone,
    BatchProgress,
    ChoiceFound,
    EngineChanged,
    FilesWritten,
    QuestionsRead,
    QuestionsRefused,
    RunsFound,
    ServiceFailed,
)
from phi_tui.engine_services import EngineHost, engine_host, in_background
from phi_tui.engine_tasks import Batch
from phi_tui.keys import bindings
from phi_tui.screens.choose_model import ChooseModel, Chosen
from phi_tui.screens.save_folder import SaveFolder
from phi_tui.widgets.answer_board import WIDE, AnswerBoard
from phi_tui.widgets.engine_header import EngineHeader

DEFAULT_FILE = Path("questions.yaml")
DEFAULT_FOLDER = Path("out")
SECOND = 1.0


@dataclass
class _BatchUnderWay:
    """The batch under way: its number, when it had loaded and what was done before it."""

    number: int
    started: float
    done_before: int


class CompareView(Container):
    HELP: ClassVar[str] = f"""
# Compare

**ctrl+n** chooses a question file and a run, **ctrl+r** asks every question of the base and of the adapter, with the
same settings and seed. Answers appear as they come. **esc** stops; **ctrl+r** then goes on with what is missing, and
asks again what failed.

**j** and **k** move between questions. Answers stand side by side from {WIDE} columns; in a narrower
terminal **b**, **left** and **right** switch between the models at the same question.

Marks, first the base's, then the adapter's: {MARKS_EXPLAINED}.

**ctrl+s** writes `answers.jsonl`, `report.md`, `report.html` and `report.json` into a folder.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(keys.COMPARE, "compare")]

    DEFAULT_CSS = """
    CompareView { layout: vertical; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._book: AnswerBook | None = None
        self._batch: _BatchUnderWay | None = None
        self._info: EngineInfo | None = None
        self._number = 0
        self._has_looked = False

    def compose(self) -> ComposeResult:
        yield EngineHeader(id="compare-header")
        yield AnswerBoard(id="board")

    def on_mount(self) -> None:
        self.host.listen(self)
        self._ticks = self.set_interval(SECOND, self._show_book, pause=True)
        self._show()

    def on_unmount(self) -> None:
        self.host.close()

    def enter(self) -> None:
        """The tab became visible."""
        self._board.take_focus()
        if self._book is None and DEFAULT_FILE.is_file():
            self._read(DEFAULT_FILE)
        if self.host.choice is None and not self._has_looked:
            self._has_looked = True
            root = self._runs_root
            in_background(self, lambda: find_runs(root))
        self._show()

    def leave(self) -> None:
        """The tab is hidden; a batch under way goes on."""

    def open_run(self, path: Path) -> None:
        """Compare the model of a run with its base."""
        self._has_looked = True
        in_background(self, lambda: find_choice(path))

    @property
    def host(self) -> EngineHost:
        return engine_host(self.app)

    @property
    def _runs_root(self) -> Path:
        return getattr(self.app, "runs_root", Path("runs"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.host.state.is_at_work
        if action == "other_answer":
            return not any(board.is_wide for board in self.query(AnswerBoard))
        return action != "save" or bool(self._book and self._book.answers)

    # Facts

    @on(RunsFound)
    def _take_newest(self, fact: RunsFound) -> None:
        choice = next((run.choice for run in fact.choices if run.choice), None)
        if choice is not None and self.host.choice is None:
            self.host.choose(choice)

    @on(ChoiceFound)
    def _take_found(self, fact: ChoiceFound) -> None:
        self.host.choose(fact.choice)

    @on(EngineChanged)
    def _show_state(self, fact: EngineChanged) -> None:
        if self._batch is not None and fact.state.activity == "busy":
            self._batch.started = fact.state.since
        self._show()

    @on(QuestionsRead)
    def _take_questions(self, fact: QuestionsRead) -> None:
        self._book = (
            self._book.for_questions(fact.question_set) if self._book else AnswerBook(fact.question_set)
        )
        self._board.say("")
        self._show()

    @on(QuestionsRefused)
    def _say_refusal(self, fact: QuestionsRefused) -> None:
        self._board.say(fact.what, bad=True)

    @on(BatchProgress)
    def _take_answers(self, fact: BatchProgress) -> None:
        if self._book and self._batch and fact.number == self._batch.number:
            self._book = self._book.with_answers(fact.answers)
            self._info = self.host.state.info or self._info
            self._show()

    @on(BatchDone)
    def _end(self, fact: BatchDone) -> None:
        if self._batch is None or fact.number != self._batch.number:
            return
        self._batch = None
        self._ticks.pause()
        if fact.what:
            self._board.say(f"{fact.what}\nctrl+r goes on with the missing answers.", bad=True)
        elif fact.stopped:
            self._board.say("Stopped; ctrl+r goes on with the missing answers, ctrl+s saves these.")
        else:
            self._board.say("Done; ctrl+s writes the reports.")
        self._show()

    @on(FilesWritten)
    def _say_where(self, fact: FilesWritten) -> None:
        self._board.say("saved: " + ", ".join(str(path) for path in fact.paths))

    @on(ServiceFailed)
    def _say_failure(self, fact: ServiceFailed) -> None:
        self._board.say(fact.what, bad=True)

    # Keys

    def action_run(self) -> None:
        """Start or go on; what is answered is not asked again."""
        if self._book is None or self.host.choice is None:
            self._board.say(
                "Nothing to run yet: ctrl+n chooses the question file and the run or model.", bad=True
            )
        elif not self.host.is_free:
            self._board.say("The model is at work; esc stops it.", bad=True)
        elif not self._book.questions:
            self._board.say("No usable question in this file; mend it, then ctrl+n reads it again.", bad=True)
        else:
            self._start(self._book.for_model(self.host.choice))

    def action_stop(self) -> None:
        self.host.stop()

    def action_choose(self) -> None:
        path = self._book.question_set.path if self._book else DEFAULT_FILE
        dialog = ChooseModel(self._runs_root, keeps=self.host.choice, questions=path)
        self.app.push_screen(dialog, self._take_chosen)

    def action_save(self) -> None:
        self.app.push_screen(
            SaveFolder("Write answers and reports into this folder", default=DEFAULT_FOLDER), self._write
        )

    def action_next_question(self) -> None:
        self._board.move(1)

    def action_previous_question(self) -> None:
        self._board.move(-1)

    def action_first_question(self) -> None:
        self._board.go_to_end(first=True)

    def action_last_question(self) -> None:
        self._board.go_to_end(first=False)

    def action_other_answer(self) -> None:
        self._board.show_other_answer()

    def action_page_down(self) -> None:
        self._board.turn_page(1)

    def action_page_up(self) -> None:
        self._board.turn_page(-1)

    # The rest

    @property
    def _board(self) -> AnswerBoard:
        return self.query_one(AnswerBoard)

    def _start(self, book: AnswerBook) -> None:
        self._number += 1
        batch = Batch(self._number, book.question_set, book.targets, already=book.in_order)
        if book.done == book.wanted:
            self._board.say("Every question is answered; ctrl+s writes the reports.")
        elif self.host.compare(self, batch):
            self._book = book
            self._batch = _BatchUnderWay(self._number, time.monotonic(), book.done)
            self._ticks.resume()
            self._board.say("")
            self._show()

    def _take_chosen(self, chosen: Chosen | None) -> None:
        if chosen is None:
            return
        if chosen.model is not None:
            self.host.choose(chosen.model)
        if chosen.questions is not None:
            self._read(chosen.questions)

    def _read(self, path: Path) -> None:
        in_background(self, lambda: read_questions(path))

    def _write(self, folder: Path | None) -> None:
        book, info = self._book, self._info
        if folder is not None and book is not None and book.choice is not None and info is not None:
            write = partial(
                write_comparison, folder, book.question_set, book.in_order, info=info, choice=book.choice
            )
            in_background(self, write)

    def _show(self) -> None:
        self.query_one(EngineHeader).show(self.host.choice, self.host.state)
        self._show_book()
        self.refresh_bindings()

    def _show_book(self) -> None:
        if self._book is not None:
            self._board.show(self._shown_book(self._book), time_left=self._time_left(self._book))

    def _shown_book(self, book: AnswerBook) -> AnswerBook:
        """Before the first answer the book is that of the model which would be asked."""
        choice = self.host.choice
        return book if book.answers or choice is None else book.for_model(choice)

    def _time_left(self, book: AnswerBook) -> str:
        if self._batch is None:
            return ""
        seconds = time.monotonic() - self._batch.started
        return time_left(
            seconds=seconds, done=book.done - self._batch.done_before, missing=book.wanted - book.done
        )
