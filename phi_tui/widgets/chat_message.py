"""One message of a conversation: a line that says who and how, and the text under it.

A reply grows as plain text; when it is whole and has structure it is rendered once as Markdown. All text passes the
plain-text gate. Knows nothing about engines.
"""

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Markdown

from phi_core.chat.engine import BASE
from phi_core.chat.turns import Reply
from phi_core.plain_text import plain
from phi_tui.widgets.chat_markdown import reads_as_markdown
from phi_tui.widgets.plain import PlainStatic

WAITING = "…"
AGAIN = "\nctrl+r asks again."
WIDE = 100
"""Columns from which the replies to one question stand side by side."""


class ChatMessage(Vertical):
    """What a person said."""

    DEFAULT_CSS = """
    ChatMessage {
        height: auto;
        margin-bottom: 1;
        & .message-head { color: $text-muted; text-style: bold; }
        & .message-text { padding-left: 2; }
        & .message-error { padding-left: 2; color: $text-error; display: none; }
        & Markdown { padding: 0 0 0 2; margin: 0; background: transparent; }
        &.-base .message-head { color: $text-primary; }
        &.-adapter .message-head { color: $text-warning; }
    }
    """

    def __init__(self, text: str, *, head: str = "you") -> None:
        super().__init__()
        self._head = PlainStatic(head, classes="message-head")
        self._text = PlainStatic(text, classes="message-text")

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._text


class ChatReply(ChatMessage):
    """What a model said, is saying, or failed to say."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text or WAITING)
        self._error = PlainStatic(classes="message-error")
        self._reply = reply
        self._is_whole = False

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield self._error

    async def on_mount(self) -> None:
        await self.show(self._reply)

    async def show(self, reply: Reply) -> None:
        """The reply as it is now."""
        self._reply = reply
        self.set_class(reply.target == BASE, "-base")
        self.set_class(reply.target != BASE, "-adapter")
        self._head.update(self._heading(reply))
        self._error.display = bool(reply.error)
        self._error.show(reply.error + (AGAIN if reply.ending == "failed" else ""))
        if reply.ending is None or not reply.text or not reads_as_markdown(plain(reply.text)):
            self._text.display = bool(reply.text) or reply.ending is None
            self._text.show(reply.text or WAITING)
        else:
            await self._become_markdown(reply.text)

    async def _become_markdown(self, text: str) -> None:
        if self._is_whole:
            return
        self._is_whole = True
        self._text.display = False
        await self.mount(Markdown(plain(text), open_links=False), after=self._text)

    def _heading(self, reply: Reply) -> Content:
        who = reply.who + (f" (again, {reply.round})" if reply.round > 1 else "")
        return Content.assemble(
            (plain(who), "bold"), (f"  {reply.facts}" if reply.facts else "", "not bold dim")
        )


class ReplyRow(Container):
    """The replies to one asking: side by side where there is room, else one under the other."""

    DEFAULT_CSS = """
    ReplyRow {
        height: auto;
        layout: vertical;
        & ChatReply { width: 1fr; height: auto; }
        &.-wide { layout: horizontal; }
        &.-wide ChatReply { padding-right: 2; }
    }
    """

    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__()
        self._replies = tuple(ChatReply(reply) for reply in replies)

    def compose(self) -> ComposeResult:
        yield from self._replies

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= WIDE - 4 and len(self._replies) > 1, "-wide")

    async def show(self, place: int, reply: Reply) -> None:
        """The reply at `place` as it is now."""
        await self._replies[place].show(reply)
