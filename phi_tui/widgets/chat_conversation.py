"""The conversation on screen: the newest turns, following the end until a reader scrolls away.

Holds at most 60 messages as widgets; a line at the top counts the earlier ones, which stay in the transcript.
"""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget

from phi_core.chat.turns import Reply, Turn
from phi_tui.widgets.chat_message import ChatMessage, ReplyRow
from phi_tui.widgets.plain import PlainStatic

MOUNTED_MESSAGES = 60


class ChatConversation(VerticalScroll):
    """A view of turns; it is told what changed and keeps no transcript."""

    DEFAULT_CSS = """
    ChatConversation {
        height: 1fr;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        & .conversation-note { color: $text-muted; margin-bottom: 1; }
        & #conversation-earlier { color: $text-muted; display: none; }
        & #conversation-empty { color: $text-muted; padding: 1 2; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._gone = 0

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="conversation-earlier")
        yield PlainStatic(id="conversation-empty")

    def on_mount(self) -> None:
        self.anchor()

    def show_empty(self, text: str) -> None:
        """What to do next, while there is nothing; "" hides it."""
        empty = self.query_one("#conversation-empty", PlainStatic)
        empty.display = bool(text)
        empty.show(text)

    async def show_turns(self, turns: Sequence[Turn]) -> None:
        """Another conversation, or one that was cut."""
        await self.clear()
        await self._add([widget for turn in turns for widget in _widgets(turn)])
        self.anchor()

    async def add_turn(self, turn: Turn) -> None:
        await self._add(_widgets(turn))
        self.anchor()

    async def replace_replies(self, turn: Turn) -> None:
        """New replies in the place of the last ones."""
        rows = self.query(ReplyRow)
        if rows:
            await rows.last().remove()
        await self._add(_widgets(turn)[1:])
        self.anchor()

    async def show_reply(self, place: int, reply: Reply) -> None:
        """One of the newest replies, changed."""
        rows = self.query(ReplyRow)
        if rows:
            await rows.last().show(place, reply)

    async def add_note(self, text: str) -> None:
        """A word of the app's own, between the messages."""
        await self._add([PlainStatic(text, classes="conversation-note")])

    async def clear(self) -> None:
        await self.remove_children(self._messages)
        self._count_gone(-self._gone)

    def turn_page(self, direction: int) -> None:
        if direction < 0:
            self.scroll_page_up(animate=False)
        else:
            self.scroll_page_down(animate=False)

    @property
    def _messages(self) -> list[Widget]:
        return [child for child in self.children if child.id is None]

    async def _add(self, widgets: Sequence[Widget]) -> None:
        surplus = max(0, len(self._messages) + len(widgets) - MOUNTED_MESSAGES)
        old = self._messages[:surplus]
        if old:
            await self.remove_children(old)
        await self.mount_all(widgets[surplus - len(old) :])
        if surplus:
            self._count_gone(surplus)

    def _count_gone(self, number: int) -> None:
        self._gone += number
        earlier = self.query_one("#conversation-earlier", PlainStatic)
        earlier.display = self._gone > 0
        earlier.show(f"{self._gone} earlier messages are not shown; ctrl+s saves all of them")


def _widgets(turn: Turn) -> list[Widget]:
    """The question, and a row of the replies that count."""
    question = ChatMessage(turn.prompt)
    return [question, ReplyRow(turn.newest)] if turn.replies else [question]
