"""Votes: blind votes by keyboard. A question, two answers, and nothing that says whose they are; then who won.

Every vote is on disk before the next ballot is shown, so leaving by esc loses none and coming back goes on.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from phi_core.errors import PhiError
from phi_core.evaluation.votes import Choice
from phi_core.files import typed_path
from phi_tui.dialog_keys import VOTES
from phi_tui.keys import bindings
from phi_tui.messages import Done, Failed
from phi_tui.screens.ask import Ask
from phi_tui.services import start
from phi_tui.vote_booth import VoteBooth, booth_of
from phi_tui.widgets.plain import PlainStatic, key_line

CHOICES: dict[str, Choice] = {"left": "left", "right": "right", "tie": "tie", "both_bad": "both_bad"}
SAID = {"left": "left is better", "right": "right is better", "tie": "a tie", "both_bad": "both are bad"}
COUNTING = "counting …"
NO_VOTES = "Nobody has voted: all answers are identical."


class Votes(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(VOTES, "votes")]

    DEFAULT_CSS = """
    Votes {
        align: left top;
        & #votes { width: 100%; height: 100%; background: $background; }
        & #votes > * { padding: 0 0 0 1; }
        & #vote-head { height: auto; max-height: 2; background: $panel; color: $text-muted; }
        & #vote-question-box { height: auto; max-height: 25%; }
        & #vote-question { height: auto; text-style: bold; margin-bottom: 1; }
        & #vote-answers { height: 1fr; }
        & #vote-columns { height: auto; }
        & .vote-side { width: 1fr; height: auto; padding: 0 1; border-left: thick $foreground 40%; }
        & .vote-name { text-style: bold; }
        & #vote-results { height: 1fr; display: none; }
        & #vote-note { height: auto; max-height: 3; }
        & #vote-keys { height: auto; background: $panel; }
        &.-high #vote-head, &.-tall #vote-head { margin-bottom: 1; }
    }
    Votes.-done #vote-answers, Votes.-done #vote-question-box { display: none; }
    Votes.-done #vote-results { display: block; }
    """

    def __init__(self, booth: VoteBooth) -> None:
        super().__init__()
        self._booth = booth

    def compose(self) -> ComposeResult:
        with Vertical(id="votes"):
            yield PlainStatic(id="vote-head")
            with VerticalScroll(id="vote-question-box", can_focus=False):
                yield PlainStatic(id="vote-question")
            with VerticalScroll(id="vote-answers"), Horizontal(id="vote-columns"):
                for side in ("left", "right"):
                    with Vertical(classes="vote-side"):
                        yield PlainStatic(side, classes="vote-name")
                        yield PlainStatic(id=f"vote-{side}")
            with VerticalScroll(id="vote-results"):
                yield PlainStatic(id="vote-sentences")
            yield PlainStatic(id="vote-note")
            yield Static(id="vote-keys", markup=False)

    def on_mount(self) -> None:
        self._show()

    def action_vote(self, side: str) -> None:
        """Give this vote and go to the next ballot."""
        if self._booth.ballot is not None and self._tried(lambda: self._booth.vote(CHOICES[side])):
            self._show()
            self._say(f"kept: {SAID[side]}")

    def action_undo(self) -> None:
        if self._tried(self._booth.undo):
            self._show()
            self._say("the last vote is withdrawn")

    def action_note(self) -> None:
        ask = Ask("A note on this pair, kept with the vote:", self._booth.note, may_be_empty=True)
        if self._booth.ballot is not None:
            self.app.push_screen(ask, self._take_note)

    def action_rater(self) -> None:
        """Somebody else votes from here on: on all pairs, with sides of their own."""
        ask = Ask("Who votes?", self._booth.rater, is_selected=True)
        self.app.push_screen(ask, self._take_rater)

    def action_export(self) -> None:
        ask = Ask(
            "Write preference pairs (prompt, chosen, rejected) into a new file:",
            str(self._booth.free_file()),
            is_path=True,
        )
        self.app.push_screen(ask, self._export)

    def action_scroll(self, by: int) -> None:
        place = "#vote-results" if self._booth.ballot is None else "#vote-answers"
        self.query_one(place, VerticalScroll).scroll_relative(y=by * 5, animate=False)

    def action_leave(self) -> None:
        self.dismiss(None)

    def on_done(self, event: Done) -> None:
        event.stop()
        if event.task == "vote results":
            self.query_one("#vote-sentences", PlainStatic).show("\n\n".join(event.result) or NO_VOTES)
        else:
            self._say(str(event.result))

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self._say(event.text, "$text-error")

    def _take_note(self, note: str | None) -> None:
        if note is not None:
            self._booth.note = note
            self._say(f"note: {note}" if note else "")

    def _take_rater(self, name: str | None) -> None:
        if name is not None:
            self._booth = booth_of(self._booth.batch, name)
            self._show()

    def _export(self, text: str | None) -> None:
        if text is not None:
            start(self, "export", partial(self._booth.export, typed_path(text)))

    def _tried(self, work: Callable[[], None]) -> bool:
        """Whether it could be kept; else the reason is shown and the ballot stays."""
        try:
            work()
        except (PhiError, OSError) as error:
            self._say(str(error), "$text-error")
            return False
        return True

    def _show(self) -> None:
        booth = self._booth
        self.set_class(booth.ballot is None, "-done")
        same = f" · {booth.identical} identical need no vote" if booth.identical else ""
        head = f"Which is better? Blind votes of {booth.rater} · {booth.done} of {booth.wanted} given{same}"
        self.query_one("#vote-head", PlainStatic).show(head)
        self._say("")
        if booth.ballot is None:
            self.query_one("#vote-sentences", PlainStatic).show(COUNTING)
            start(self, "vote results", booth.results)
        else:
            self._show_ballot()
        self._show_keys()

    def _show_ballot(self) -> None:
        ballot = self._booth.ballot
        assert ballot is not None
        self.query_one("#vote-question", PlainStatic).show(ballot.prompt)
        self.query_one("#vote-left", PlainStatic).show(ballot.left or "(nothing)")
        self.query_one("#vote-right", PlainStatic).show(ballot.right or "(nothing)")
        self.query_one("#vote-answers", VerticalScroll).scroll_home(animate=False)

    def _show_keys(self) -> None:
        votes = (("h", "Left"), ("l", "Right"), ("t", "Tie"), ("b", "Both bad"))
        rest = (("n", "Note"), ("u", "Undo"), ("r", "Rater"), ("e", "Export"), ("esc", "Back"))
        shown = rest[1:] if self._booth.ballot is None else (*votes, *rest)
        self.query_one("#vote-keys", Static).update(key_line(*shown))

    def _say(self, text: str, style: str = "$text-muted") -> None:
        self.query_one("#vote-note", PlainStatic).show(text, style)
