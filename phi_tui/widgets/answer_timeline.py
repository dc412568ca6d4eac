"""AnswerTimeline: how a model in training answers one probe prompt, step after step. Answers are never markup."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from phi_core.plain_text import one_line, plain
from phi_tui.answer_timeline import Said, Timeline

PROMPT = 200
NO_ANSWERS = "No probe prompts were answered. Set probe_prompts in the Train tab: they are answered at each validation."


class AnswerTimeline(VerticalScroll, inherit_bindings=False):
    """Scrolls by its own keys; left and right are left to the view, which turns the prompts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", show=False),
        Binding("down", "scroll_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Timeline, ...] = ()
        self._prompt = ""
        self._drawn: tuple[int, int, Timeline] | None = None

    def compose(self) -> ComposeResult:
        yield Static(NO_ANSWERS, classes="pane-text", markup=False)

    def show(self, lines: Sequence[Timeline]) -> None:
        """Keep the prompt in sight that was, where the new ones have it too."""
        self._lines = tuple(lines)
        self._draw()

    def turn(self, by: int) -> None:
        """To the next prompt or the one before."""
        if self._lines:
            self._prompt = self._lines[(self._place + by) % len(self._lines)].prompt
            self.scroll_home(animate=False)
            self._draw()

    @property
    def _place(self) -> int:
        return next((place for place, line in enumerate(self._lines) if line.prompt == self._prompt), 0)

    def _draw(self) -> None:
        drawn = (self._place, len(self._lines), self._lines[self._place]) if self._lines else None
        if drawn != self._drawn:
            self._drawn = drawn
            self.query_one(Static).update(Content("\n").join(_content(*drawn)) if drawn else NO_ANSWERS)


def _content(place: int, count: int, line: Timeline) -> Iterator[Content]:
    more = " · < > turn" if count > 1 else ""
    yield Content.styled(f"prompt {place + 1} of {count}{more}", "$text-muted")
    yield Content.styled(one_line(line.prompt, PROMPT), "bold")
    for number, said in enumerate(line.answers):
        yield Content("")
        if number == 1 and line.left_out:
            yield Content.styled(
                f"{line.left_out} answers are left out here; phi runs answers shows all", "$text-muted"
            )
        yield from _said(said)


def _said(said: Said) -> Iterator[Content]:
    until = f" to {said.last}: always the same" if said.last != said.first else ""
    before = " · before training" if said.first == 0 else ""
    yield Content.styled(f"step {said.first}{until}{before}", "$text-accent")
    yield Content(plain(said.answer) if said.answer.strip() else "(nothing)")
