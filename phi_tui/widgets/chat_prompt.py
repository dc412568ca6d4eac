"""The prompt: a text area that grows, in which enter sends and up recalls what was sent before.

Posts Submitted and PageWanted. A text leaves it when it is sent, so that keys that follow at once begin the next one;
who refuses a text gives it back. Knows nothing about conversations.
"""

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import TextArea


class ChatPrompt(TextArea):
    """`remember` is for texts that were taken; recalling moves through them while the text is not edited."""

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
    class PageWanted(Message):
        """A page up (-1) or down (1) of what stands above."""

        direction: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id, highlight_cursor_line=False, placeholder="Say something (enter sends, ctrl+j: new line)"
        )
        self._sent: list[str] = []
        self._place = 0

    def remember(self, text: str) -> None:
        """`text` was taken: it can be recalled."""
        if self._sent[-1:] != [text]:
            self._sent.append(text)
        self._place = len(self._sent)

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
        if select or not self._recall(-1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if select or not self._recall(1):
            super().action_cursor_down(select)

    def action_cursor_page_up(self) -> None:
        self.post_message(self.PageWanted(-1))

    def action_cursor_page_down(self) -> None:
        self.post_message(self.PageWanted(1))

    def _recall(self, direction: int) -> bool:
        """Show the text sent before or after; False if this text is not one that was recalled."""
        if self.text and self.text != self._at(self._place):
            return False
        place = self._place + direction
        if not 0 <= place <= len(self._sent):
            return bool(direction < 0 or not self.text)
        self._place = place
        self.load_text(self._at(place))
        self.move_cursor(self.document.end)
        return True

    def _at(self, place: int) -> str:
        return self._sent[place] if 0 <= place < len(self._sent) else ""
