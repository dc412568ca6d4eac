"""The Compare tab: it follows the folder of a comparison, whose worker is a process of its own.

Keys and facts in, requests for `compare_folder` and words for the widgets out. Closing the app ends no comparison, and
whoever opens it again finds the folder with all its answers. Loads no model.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import OptionList

from phi_core.chat.engine import BASE
from phi_core.evaluation.batch_folder import BatchSnapshot
from phi_core.evaluation.comparison import Comparison
from phi_tui import compare_folder, keys
from phi_tui.answer_book import MARKS_EXPLAINED, AnswerBook, book_of
from phi_tui.batch_watch import BatchCompared, BatchRead, BatchUnreadable
from phi_tui.compare_choice import agreeing
from phi_tui.compare_folder import DEFAULT_FILE, Opened, opened_of
from phi_tui.compare_services import BatchWatcher
from phi_tui.compare_text import ending, next_step, progress_line, summary_lines
from phi_tui.keys import bindings
from phi_tui.messages import Done, Failed, Remember
from phi_tui.screens.choose_comparison import ChooseComparison, Chosen
from phi_tui.screens.votes import Votes
from phi_tui.services import start
from phi_tui.views.compare_actions import CompareActions
from phi_tui.vote_booth import VoteBooth, booth_of
from phi_tui.widgets.answer_board import WIDE, AnswerBoard
from phi_tui.widgets.compare_header import CompareHeader
from phi_tui.widgets.plain import tell

NOTHING_YET = "Nothing to run yet: ctrl+n chooses the question file and the adapters."
NO_MODEL = "No run with an adapter yet: train one on F2, or ctrl+n names a model and its adapters."
NO_ANSWERS = "There are no answers yet: ctrl+r asks the questions."
STARTING = "starting the worker …"


class CompareView(CompareActions, can_focus=True):
    HELP: ClassVar[str] = f"""
# Compare

**ctrl+n** chooses questions, adapters and checkpoints, **ctrl+r** asks every question of the base and of all of them,
with the same settings and seed. A process of its own does that: the app may be closed, and whoever opens it again finds
the answers. **esc** ends it; **ctrl+r** then asks only what is missing, and again what failed.

**j** and **k** move between questions, **f** lists only those that differ, are better, worse, or failed. Answers stand
side by side from {WIDE} columns; where not all fit, **left** and **right** show the other models.

Marks, first the base's, then the adapters': {MARKS_EXPLAINED}.

**d** turns from the answers to their text diff, and on to the tokens: the adapter's answer in colours that say how much
likelier it finds each token than the base does (`c`: how far the two distributions are apart). Signs under the tokens say
the same without colours; **left** and **right** move to a token and show its numbers, **n** goes to the next strong one.

**s** shows the verdict, **ctrl+s** writes the reports into the comparison's folder. **v** votes blindly: two answers,
nothing that says whose they are, and at the end who won, whether a side was favoured, and preference pairs to export.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(keys.COMPARE, "compare")]

    DEFAULT_CSS = """
    CompareView { layout: vertical; height: 1fr; }
    """

    def __init__(
        self,
        *,
        id: str | None = None,
        begin: Callable[[Opened, Path], Path] = compare_folder.begin,
        end: Callable[[Path], str] = compare_folder.end,
    ) -> None:
        """`begin` starts the worker of a comparison and returns its folder, `end` ends it."""
        super().__init__(id=id)
        self._begin, self._end = begin, end
        self._opened = Opened()
        self._snapshot: BatchSnapshot | None = None
        self._answered: BatchSnapshot | None = None
        self._comparison: Comparison | None = None
        self._remembered = ""
        self._has_looked = False
        self._wants_newest = False

    def compose(self) -> ComposeResult:
        yield CompareHeader(id="compare-header")
        yield AnswerBoard(id="board")

    def on_mount(self) -> None:
        self._watcher = BatchWatcher(self)
        self._show()

    def on_unmount(self) -> None:
        self._watcher.stop()

    def restore(self, values: dict[str, Any]) -> None:
        """What was open when the app was left."""
        self._remembered = str(values.get("comparison", ""))

    def enter(self) -> None:
        """The tab became visible."""
        self.take_focus()
        if not self._has_looked:
            self._has_looked = True
            self._do("look", partial(compare_folder.first_look, self._runs_root, self._remembered))
        elif self._opened.choice is None:
            self._do("look", partial(compare_folder.first_look, self._runs_root, ""))
        self._watcher.resume()

    def leave(self) -> None:
        """The tab is hidden: a comparison goes on, and nothing is read."""
        self._watcher.pause()

    def open_run(self, path: Path) -> None:
        """Compare the newest adapter of a run with its base."""
        self._has_looked = True
        asked = self._opened.question_set
        questions = asked.path if asked and asked.path.is_file() else DEFAULT_FILE
        self._do("open", partial(compare_folder.open_run, path, self._runs_root, questions))

    @property
    def _runs_root(self) -> Path:
        return getattr(self.app, "runs_root", Path("runs"))

    @property
    def _is_live(self) -> bool:
        return self._snapshot is not None and self._snapshot.status.is_live

    def is_offered(self, action: str) -> bool:
        """What the key bar leaves out while there is nothing for it."""
        if action in ("run", "stop"):
            is_open = self._is_live or not self.board.is_plain
            return is_open if action == "stop" else not is_open and self._opened.choice is not None
        if action in ("save", "vote", "turn_view", "turn_filter", "toggle_summary", "zoom"):
            return bool(self._snapshot and self._snapshot.answers)
        return True

    # Facts

    def on_done(self, event: Done) -> None:
        event.stop()
        match event.task, event.result:
            case "open" | "look", Opened() as opened if event.task == "open" or self._opened.choice is None:
                self._take(opened)
            case "begin", Path() as folder:
                self._follow(folder)
            case "booth", VoteBooth() as booth:
                self.app.push_screen(Votes(booth), lambda _: self._watcher.look_anew())
            case _, str() as text:
                self.board.say(text)

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self.board.say(event.text, "$text-error")

    @on(BatchRead)
    def _take_snapshot(self, fact: BatchRead) -> None:
        if fact.folder != self._opened.folder:
            return
        was_live = self._is_live
        self._snapshot = fact.snapshot
        if fact.snapshot.info is not None:
            self._answered = fact.snapshot
        if self._is_live:  # what runs is shown, whoever has started it
            self._opened, self._comparison = opened_of(fact.snapshot), None
        if was_live and not self._is_live:
            self._say_ending(fact.snapshot)
        elif not was_live:
            self.board.say(*next_step(fact.snapshot, self._opened.choice, self._opened.question_set))
        self._show()

    @on(BatchCompared)
    def _take_comparison(self, fact: BatchCompared) -> None:
        if fact.folder == self._opened.folder:
            self._comparison = fact.comparison
            self._show()

    @on(BatchUnreadable)
    def _say_unreadable(self, fact: BatchUnreadable) -> None:
        if fact.folder == self._opened.folder:
            self.board.say(fact.what, "$text-error")

    @on(OptionList.OptionSelected)
    def _entered(self) -> None:
        self.action_zoom()

    # Keys

    def action_run(self) -> None:
        """Start or go on; what is answered is not asked again."""
        if self._opened.choice is None or self._opened.question_set is None:
            self.board.say(NOTHING_YET, "$text-error")
        elif self._is_live:
            self.board.say("It runs already; esc stops it.")
        else:
            self.board.say(STARTING)
            self._do("begin", partial(self._begin, self._opened, self._runs_root))

    def action_stop(self) -> None:
        """Leave what is open; with nothing open, end the batch."""
        folder = self._opened.folder
        if not self.board.is_plain:
            self.board.close_all()
            self.take_focus()
            self.refresh_bindings()
        elif self._is_live and folder is not None:
            self._do("end", partial(self._end, folder))

    def action_choose(self) -> None:
        self.app.push_screen(ChooseComparison(self._runs_root, self._opened), self._take_chosen)

    def action_save(self) -> None:
        self._with_answers("report", lambda batch: compare_folder.report(batch.folder))

    def action_turn_filter(self) -> None:
        super().action_turn_filter()
        self._show()

    def action_vote(self) -> None:
        self._with_answers("booth", booth_of)

    # The rest

    def _with_answers(self, task: str, work: Callable[[BatchSnapshot], Any]) -> None:
        batch = self._snapshot
        if batch is None or not batch.answers:
            self.board.say(NO_ANSWERS, "$text-error")
        else:
            self._do(task, lambda: work(batch))

    def _do(self, task: str, work: Callable[[], Any]) -> None:
        """Beside the screen; Done or Failed comes back."""
        start(self, task, work)

    def _take_chosen(self, chosen: Chosen | None) -> None:
        if chosen is not None:
            root = self._runs_root
            self._do("open", partial(compare_folder.open_choice, chosen.choice, chosen.questions, root))

    def _take(self, opened: Opened) -> None:
        """Another comparison; a file that cannot be used leaves the present one."""
        if opened.refusal:
            self.board.say(opened.refusal, "$text-error")
            if self._opened.question_set is not None:
                return
        self._opened = opened
        self._snapshot = self._answered = self._comparison = None
        if not opened.refusal:
            self.board.say(NO_MODEL if opened.choice is None and opened.question_set else "")
        self._watcher.watch(opened.folder)
        self._show()

    def _follow(self, folder: Path) -> None:
        """The worker has spoken; this comparison is found again when the app is opened the next time."""
        self._opened = Opened(self._opened.choice, self._opened.question_set, folder)
        self._watcher.watch(folder)
        self.board.say("")
        self.post_message(Remember({"comparison": str(folder.resolve())}))

    def _say_ending(self, snapshot: BatchSnapshot) -> None:
        text, style = ending(snapshot.status)
        self.board.say(text or "Done: s shows the verdict, ctrl+s writes the reports, v votes.", style)
        self.app.bell()
        if not self.display:
            tell(self, f"comparison {snapshot.batch.question_set.name}: {snapshot.status.state}")

    def _show(self) -> None:
        asked = self._opened.question_set
        self.query_one(CompareHeader).show(
            self._opened.choice, self._snapshot, asked.sampling if asked else None
        )
        book = self._book()
        if book is not None:
            self.board.show(book)
            listed = len(self.board.listed)
            self.board.show_progress(progress_line(book, self._snapshot, self.board.filter, listed))
            self.board.show_summary(summary_lines(self._comparison) if self._comparison else ())
        self.refresh_bindings()

    def _book(self) -> AnswerBook | None:
        """What was asked while the batch runs, what would be asked else, with the answers that are there."""
        batch, opened = self._answered, self._opened  # while models load, what is known already stays
        if opened.question_set is None:
            return None
        targets = opened.choice.targets if opened.choice else (BASE,)
        if batch is None:
            return book_of(opened.question_set, targets)
        held = agreeing(opened.choice, batch.batch) if opened.choice else ()
        return book_of(
            opened.question_set,
            targets,
            (answer for answer in batch.answers if answer.model in held),
            token_changes=batch.token_changes,
            overlapping=(found.id for found in batch.overlap),
            judged={(found.id, found.model): found.verdict for found in batch.judgements},
        )
