"""The prompt: a text area that grows, in which enter sends and up asks for an earlier question to edit.

Posts Submitted, EarlierWanted and PageWanted. A text leaves it when it is sent, so that keys that follow at once begin
the next one; who refuses a text gives it back. Knows nothing about conversations.
"""

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from phi_tui.widgets.plain import content

TAKEN_FROM_EDITING = ("f6", "f7")
"""A text area selects lines with them; here they are keys of the app."""


class ChatPrompt(TextArea):
    """Up and down step through earlier questions while the text is empty or one that was shown and not changed since."""

    DEFAULT_CSS = """
    ChatPrompt {
        height: auto;
        max-height: 8;
        border: round $border;
        padding: 0 1;
        background: $background;
        &:focus { border: round $primary; }
    }
    """

    @dataclass
    class Submitted(Message):
        text: str

    @dataclass
    class EarlierWanted(Message):
        """The question before (-1) or after (1) the one that is shown."""

        direction: int

    @dataclass
    class PageWanted(Message):
        """A page up (-1) or down (1) of what stands above."""

        direction: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id, highlight_cursor_line=False, placeholder="Say something (enter sends, ctrl+j: new line)"
        )
        self._shown = ""
        for key in TAKEN_FROM_EDITING:
            self._bindings.key_to_bindings.pop(key, None)
        self.cursor_blink = False  # each blink would send the line anew, for ever, over a slow connection too

    def show(self, text: str) -> None:
        """An earlier question, to be edited; "" for a new one."""
        self._shown = text
        self.load_text(text)
        self.move_cursor(self.document.end)

    def say_around(self, title: str, subtitle: str) -> None:
        """Words on the frame: what enter does now, and figures."""
        self.border_title = content(title)
        self.border_subtitle = content(subtitle)

    def submit(self) -> None:
        """Send what the prompt holds, which is empty from now on."""
        text = self.text
        if text.strip():
            self.clear()
            self.post_message(self.Submitted(text))

    def take_back(self, text: str) -> None:
        """`text` was refused: it stands again before what was typed since."""
        self.load_text(text + self.text)
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.submit()
        else:
            await super()._on_key(event)

    def action_cursor_up(self, select: bool = False) -> None:
        if select or not self._step(-1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if select or not self._step(1):
            super().action_cursor_down(select)

    def action_cursor_page_up(self) -> None:
        self.post_message(self.PageWanted(-1))

    def action_cursor_page_down(self) -> None:
        self.post_message(self.PageWanted(1))

    def _step(self, direction: int) -> bool:
        """Ask for another question; False if the text is one's own."""
        is_own = bool(self.text) and self.text != self._shown
        if is_own or (direction > 0 and not self.text):
            return False
        self.post_message(self.EarlierWanted(direction))
        return True
