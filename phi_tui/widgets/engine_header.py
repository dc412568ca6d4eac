"""Two lines over Chat and Compare: which model, who answers, what the engine does; and what the self-check proved."""

import time

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer

from phi_core.chat.engine import BASE
from phi_core.plain_text import one_line
from phi_tui.engine_choice import ModelChoice, target_words
from phi_tui.engine_messages import EngineState
from phi_tui.widgets.plain import PlainStatic, content

SECOND = 1.0


class EngineHeader(Vertical):
    """Told what to show; counts the seconds of a load by itself."""

    DEFAULT_CSS = """
    EngineHeader {
        height: 2;
        padding: 0 1;
        & PlainStatic { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & #header-proof { color: $text-muted; }
        & #header-proof.-bad { color: $text-error; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._choice: ModelChoice | None = None
        self._state = EngineState("idle")
        self._target: str | None = None
        self._ticks: Timer | None = None

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="header-model")
        yield PlainStatic(id="header-proof")

    def on_mount(self) -> None:
        self._ticks = self.set_interval(SECOND, self._draw, pause=True)
        self._draw()

    def show(self, choice: ModelChoice | None, state: EngineState, *, target: str | None = None) -> None:
        """`target` None: both answer."""
        self._choice, self._state, self._target = choice, state, target
        if self._ticks is not None:
            (self._ticks.resume if state.activity == "loading" else self._ticks.pause)()
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self.query_one("#header-model", PlainStatic).update(self._first_line())
        proof = self.query_one("#header-proof", PlainStatic)
        text, is_bad = self._second_line()
        proof.set_class(is_bad, "-bad")
        proof.update(content(one_line(text, 400)))

    def _first_line(self) -> Content:
        if self._choice is None:
            return content("no model chosen", "dim")
        state = content(
            self._state.words(time.monotonic()), "bold $text-error" if self._state.is_broken else ""
        )
        return Content("  ").join([state, *self._who()])

    def _who(self) -> list[Content]:
        """Who answers, on which base; both models' names where both answer."""
        assert self._choice is not None
        if self._target is None:
            return [content(one_line(self._choice.words), "bold")]
        style = "bold $text-primary" if self._target == BASE else "bold $text-warning"
        target = Content.assemble("answers: ", content(one_line(target_words(self._target)), style))
        return [target, content(one_line(f"on {self._choice.base_words}"), "dim")]

    def _second_line(self) -> tuple[str, bool]:
        if self._state.is_broken:
            return self._state.what, True
        info = self._state.info
        if info is None:
            return "the base is proved when the model is loaded" if self._choice else "", False
        return (
            f"{info.proof.sentence()} · {info.dtype} · prompt format {info.prompt_format}",
            not info.proof.holds,
        )
