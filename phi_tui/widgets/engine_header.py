"""Two lines over Chat: which model, who answers, what the engine does; and what the self-check proved."""

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
        self._answering: tuple[str, ...] = ()
        self._strength = 1.0
        self._ticks: Timer | None = None

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="header-model")
        yield PlainStatic(id="header-proof")

    def on_mount(self) -> None:
        self._ticks = self.set_interval(SECOND, self._draw, pause=True)
        self._draw()

    def show(
        self, choice: ModelChoice | None, state: EngineState, *, answering: tuple[str, ...], strength: float
    ) -> None:
        """`answering` are the targets that answer the next question."""
        self._choice, self._state, self._answering, self._strength = choice, state, answering, strength
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
        """Who answers, how strongly, and on which base."""
        assert self._choice is not None
        style = "bold $text-primary" if self._answering == (BASE,) else "bold $text-warning"
        names = " and ".join(self._words_of(target) for target in self._answering)
        who = Content.assemble("answers: ", content(one_line(names), style))
        return [who, content(one_line(f"on {self._choice.base_words}"), "dim")]

    def _words_of(self, target: str) -> str:
        if self._choice is None or target not in self._choice.adapters:
            return target
        return f"{target_words(target)} ×{self._strength:g}"

    def _second_line(self) -> tuple[str, bool]:
        if self._state.is_broken:
            return self._state.what, True
        info = self._state.info
        if info is None:
            return "the base is proved when the model is loaded" if self._choice else "", False
        if self._choice is not None and self._choice.endpoint:
            return "an endpoint answers: what is loaded there cannot be looked into", False
        proof = info.proof
        is_bad = proof.base_difference is not None and not proof.holds
        return f"{proof.sentence()} · {info.dtype} · prompt format {info.prompt_format}", is_bad
