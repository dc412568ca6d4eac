"""AskingLine: a line to type a search or a filter into, and beside it what came of it. There only while it is asked for."""

from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from phi_tui.widgets.plain import PlainStatic


class AskingLine(Horizontal):
    """Posts Asked at every change, Left at enter and arrow down, GivenUp at esc. `said` is never cut; the line gives way."""

    DEFAULT_CSS = """
    AskingLine {
        display: none; height: 1; padding: 0 1; background: $surface;
        & Input { width: 1fr; }
        & .asking-said { width: auto; max-width: 70%; height: 1; padding-left: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    AskingLine.-open { display: block; }
    """

    @dataclass
    class Asked(Message):
        line: "AskingLine"
        text: str

        @property
        def control(self) -> "AskingLine":
            return self.line

    @dataclass
    class Left(Message):
        line: "AskingLine"

        @property
        def control(self) -> "AskingLine":
            return self.line

    @dataclass
    class GivenUp(Message):
        line: "AskingLine"

        @property
        def control(self) -> "AskingLine":
            return self.line

    def __init__(self, hint: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hint = hint

    def compose(self) -> ComposeResult:
        line = Input(placeholder=self._hint, compact=True)
        line.cursor_blink = False
        yield line
        yield PlainStatic(classes="asking-said")

    @property
    def text(self) -> str:
        return self.query_one(Input).value

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def open(self) -> None:
        self.add_class("-open")
        self.query_one(Input).focus()

    def close(self) -> None:
        """Empty it and hide it."""
        self.remove_class("-open")
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""

    def say(self, text: str, style: str = "$text-muted") -> None:
        said = self.query_one(PlainStatic)
        said.show(text, style)
        said.refresh(layout=True)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Asked(self, event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left(self))

    def on_key(self, event: events.Key) -> None:
        """The list below is reached by the arrow too."""
        if event.key in ("down", "escape"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Left(self) if event.key == "down" else self.GivenUp(self))
