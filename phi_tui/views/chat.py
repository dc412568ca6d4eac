"""The Chat tab: talk to the base, its adapters and checkpoints, or an endpoint.

Keys and facts in, requests to the engine host and words for the widgets out. What is known is in the ChatSession, on
disk by the ChatKeeper; what is mounted is only a view of it. Loads nothing and starts no thread.
"""

from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from phi_tui import engine_messages as facts
from phi_tui import keys
from phi_tui.background_services import in_background
from phi_tui.chat_help import HELP
from phi_tui.engine_files import find_adapters, find_choice, find_runs, newest_choice
from phi_tui.engine_tasks import Question
from phi_tui.views.chat_actions import NO_MODEL, ChatActions
from phi_tui.widgets.chat_conversation import ChatConversation
from phi_tui.widgets.chat_prompt import ChatPrompt
from phi_tui.widgets.engine_header import EngineHeader
from phi_tui.widgets.plain import PlainStatic

READY = (
    "Talk to {words}. enter sends, ctrl+t switches between base and adapter, F10 sets how answers are drawn."
)
WATCH_SECONDS = 2.0


class ChatView(ChatActions):
    HELP: ClassVar[str] = HELP
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings(keys.CHAT, "chat")]

    DEFAULT_CSS = """
    ChatView { layout: vertical; height: 1fr; }
    ChatView #chat-offer { height: 1; padding: 0 1; color: $text-success; display: none; }
    """

    def compose(self) -> ComposeResult:
        yield EngineHeader(id="chat-header")
        yield PlainStatic(id="chat-offer")
        yield ChatConversation(id="conversation")
        yield ChatPrompt(id="prompt")

    def on_mount(self) -> None:
        self.host.listen(self)
        self._ticks = self.set_interval(WATCH_SECONDS, self._look, pause=True)
        self.show()

    def on_unmount(self) -> None:
        self.host.close()
        self.keeper.keep_now(self.session.conversation)

    def enter(self) -> None:
        """The tab became visible."""
        self._prompt.focus()
        self._ticks.resume()
        if self.host.choice is None:
            root = self.runs_root
            in_background(self, lambda: find_runs(root))
        self.show()

    def leave(self) -> None:
        """The tab is hidden; an answer under way goes on."""
        self._ticks.pause()

    def open_run(self, path: Path) -> None:
        """Talk to the model of a run."""
        in_background(self, lambda: find_choice(path))

    @property
    def _prompt(self) -> ChatPrompt:
        return self.query_one(ChatPrompt)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.host.state.is_at_work or self.session.editing is not None
        if action in ("regenerate", "clear", "save", "copy_answer", "copy_chat"):
            return bool(self.session.turns) or self.host.state.is_broken
        return True

    def is_offered(self, action: str) -> bool:
        """What the key bar leaves out while there is nothing for it."""
        choice = self.host.choice
        if action.partition("(")[0] in ("target", "both"):
            return choice is not None and len(choice.targets) > 1
        if action == "adapters":
            return bool(self.adapters.of(choice))
        if action == "regenerate":
            return not self.host.state.is_at_work
        return action != "settings" or choice is not None

    # Facts

    @on(facts.RunsFound)
    def _take_newest(self, fact: facts.RunsFound) -> None:
        choice = newest_choice(fact)
        if choice is not None and self.host.choice is None:
            self.host.choose(choice)

    @on(facts.ChoiceFound)
    def _take_found(self, fact: facts.ChoiceFound) -> None:
        self.host.choose(fact.choice)

    @on(facts.EngineChanged)
    def _show_state(self) -> None:
        self._look()
        self.show()

    @on(facts.AdaptersFound)
    def _take_adapters(self, fact: facts.AdaptersFound) -> None:
        if self.adapters.take(fact):
            self.show()

    @on(facts.TokenArrived)
    @on(facts.AnswerDone)
    @on(facts.AnswerFailed)
    async def _take_news(self, fact: facts.TokenArrived | facts.AnswerDone | facts.AnswerFailed) -> None:
        if self.session.awaits(fact):
            reply = self.session.take(fact, self.host.state.info)
            self.keeper.keep(self.session.conversation, is_urgent=reply.ending is not None)
            await self.conversation.show_reply(fact.place, reply)
            self.show()

    @on(facts.RequestEnded)
    async def _end_all(self, fact: facts.RequestEnded) -> None:
        if self.session.awaits(fact):
            for place, reply in self.session.end_all(fact):
                await self.conversation.show_reply(place, reply)
            self.keeper.keep(self.session.conversation)
            self.show()

    @on(facts.ChatFound)
    async def _go_on_with(self, fact: facts.ChatFound) -> None:
        self._stop_answer()
        self.keeper.go_on_with(fact.file, self.session.conversation)
        self.session.forget(fact.conversation)
        await self.conversation.show_turns(self.session.turns)
        self.show()

    # Keys

    @on(ChatPrompt.Submitted)
    async def _submit(self, event: ChatPrompt.Submitted) -> None:
        if self.is_busy():
            return self._prompt.take_back(event.text)
        choice = await self.renewed_choice()
        is_edited = self.session.editing is not None
        question = self.session.ask(event.text, choice)
        if is_edited:
            await self.conversation.show_turns(self.session.turns)
        else:
            await self.conversation.add_turn(self.session.turns[-1])
        self._ask(question)

    @on(ChatPrompt.PageWanted)
    def _turn_page(self, event: ChatPrompt.PageWanted) -> None:
        self.conversation.turn_page(event.direction)

    @on(ChatPrompt.EarlierWanted)
    def _edit(self, event: ChatPrompt.EarlierWanted) -> None:
        self.action_edit(event.direction)

    def action_edit(self, direction: int) -> None:
        self._prompt.show(self.session.edit(direction) or "")
        self.show()

    def action_send(self) -> None:
        self._prompt.submit()

    def action_newline(self) -> None:
        self._prompt.insert("\n")

    def action_stop(self) -> None:
        """The answer under way; without one, editing."""
        if self.host.state.is_at_work:
            self.host.stop()
        else:
            self.session.editing = None
            self._prompt.show("")
            self.show()

    async def action_regenerate(self) -> None:
        """Ask the last question again; without one, load a broken engine again."""
        if not self.session.turns:
            self.host.load(self)
        elif not self.is_busy():
            question = self.session.ask_again(await self.renewed_choice())
            await self.conversation.replace_replies(self.session.turns[-1])
            self._ask(question)

    async def action_clear(self) -> None:
        """Begin a new conversation; an answer under way is stopped, and what was said is kept on disk."""
        self._stop_answer()
        self.keeper.begin_anew(self.session.conversation)
        self.session.forget()
        await self.conversation.clear()
        self.show()

    # The rest

    def _stop_answer(self) -> None:
        if self.session.is_answering:
            self.host.stop()

    def _ask(self, question: Question) -> None:
        self.keeper.keep(self.session.conversation)
        self.host.ask(self, question)
        self.show()

    def _look(self) -> None:
        """See which adapters the run has now."""
        choice = self.host.choice
        if choice is not None and choice.run_path is not None:
            in_background(self, partial(find_adapters, choice.run_path))

    def show(self) -> None:
        """Everything but the messages."""
        choice, session = self.host.choice, self.session
        session.fit(choice)
        answering = session.answering(choice) if choice else ()
        self.query_one(EngineHeader).show(
            choice, self.host.state, answering=answering, strength=session.strength
        )
        offer = self.query_one("#chat-offer", PlainStatic)
        offer.show(self.adapters.offer(choice))
        offer.display = bool(self.adapters.offer(choice))
        empty = NO_MODEL if choice is None else READY.format(words=choice.words)
        self.conversation.show_empty("" if session.turns else empty)
        self._prompt.say_around(session.prompt_words(), session.context_words(self.host.state.info))
        self.refresh_bindings()
