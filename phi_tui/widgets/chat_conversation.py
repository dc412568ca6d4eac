"""The conversation on screen: the newest turns, following the end until a reader scrolls away.

Holds at most 60 messages as widgets; a line at the top counts the earlier ones, which stay in the transcript.
"""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from phi_tui.chat_transcript import Reply, Turn
from phi_tui.widgets.chat_message import ChatMessage, ChatReply
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

    async def add_turn(self, turn: Turn) -> None:
        await self._add([ChatMessage(turn.prompt), *_reply_widgets(turn)])
        self.anchor()

    async def replace_reply(self, turn: Turn) -> None:
        """A new reply in the place of the last one."""
        replies = self.query(ChatReply)
        if replies:
            await replies.last().remove()
        await self._add(_reply_widgets(turn))
        self.anchor()

    async def show_reply(self, reply: Reply) -> None:
        """The newest reply, changed."""
        replies = self.query(ChatReply)
        if replies:
            await replies.last().show(reply)

    async def add_note(self, text: str) -> None:
        """A word of the app's own, between the messages."""
        await self._add([PlainStatic(text, classes="conversation-note")])

    async def clear(self) -> None:
        await self.query("ChatMessage, .conversation-note").remove()
        self._count_gone(-self._gone)

    def turn_page(self, direction: int) -> None:
        if direction < 0:
            self.scroll_page_up(animate=False)
        else:
            self.scroll_page_down(animate=False)

    async def _add(self, widgets: Iterable[ChatMessage | PlainStatic]) -> None:
        await self.mount_all(widgets)
        shown = list(self.query("ChatMessage, .conversation-note"))
        surplus = shown[: max(0, len(shown) - MOUNTED_MESSAGES)]
        if surplus:
            await self.remove_children(surplus)
            self._count_gone(len(surplus))

    def _count_gone(self, number: int) -> None:
        self._gone += number
        earlier = self.query_one("#conversation-earlier", PlainStatic)
        earlier.display = self._gone > 0
        earlier.show(f"{self._gone} earlier messages are not shown; ctrl+s saves all of them")


def _reply_widgets(turn: Turn) -> list[ChatMessage | PlainStatic]:
    return [ChatReply(turn.reply, attempt=len(turn.replies))] if turn.reply else []
