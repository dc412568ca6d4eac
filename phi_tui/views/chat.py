"""The Chat tab: talk to the base or its adapter, one answer at a time.

Keys and facts in, requests to the engine host and words for the widgets out. The transcript is `self._turns`; what is
mounted is only a view of it. Loads nothing and starts no thread.
"""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from phi_tui import keys
from phi_tui.chat_transcript import Reply, Transcript, Turn, told
from phi_tui.engine_files import find_choice, find_runs, write_transcript
from phi_tui.engine_messages import (
    AnswerDone,
    AnswerFailed,
    ChoiceFound,
    EngineChanged,
    FilesWritten,
    RunsFound,
    ServiceFailed,
    TokenArrived,
)
from phi_tui.engine_services import EngineHost, engine_host, in_background
from phi_tui.engine_tasks import Question
from phi_tui.keys import bindings
from phi_tui.screens.chat_settings import ChatSettings, EditSettings
from phi_tui.screens.choose_model import ChooseModel, Chosen
from phi_tui.widgets.chat_conversation import ChatConversation
from phi_tui.widgets.chat_prompt import ChatPrompt
from phi_tui.widgets.engine_header import EngineHeader
from phi_tui.widgets.plain import tell

NO_MODEL = "No model yet: ctrl+n chooses one, or train one on F2."
READY = "Talk to {words}. enter sends, ctrl+t switches between base and adapter, ctrl+g sets how answers are drawn."


class ChatView(Container):
    """`_number` is the request whose answer is awaited; news of another one is passed over."""

    HELP: ClassVar[str] = """
# Chat

Type and press **enter**. The answer comes from the base model or from its adapter, as the header says;
**ctrl+t** switches, in the middle of a conversation too. Base and adapter share one copy of the weights, and the
second line says whether the base was proved to be the bare base model.

In the prompt: **ctrl+j** makes a new line, **up** in an empty prompt recalls what you sent,
**pageup** and **pagedown** move the conversation.

**esc** stops an answer and keeps what was said; a second **esc** ends the engine if it does not listen.
**ctrl+r** asks the last question again, also after a failure: a crashed engine is then started again.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(keys.CHAT, "chat")]

    DEFAULT_CSS = """
    ChatView { layout: vertical; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._turns: tuple[Turn, ...] = ()
        self._settings = ChatSettings()
        self._target = ""
        self._number = 0
        self._has_looked = False

    def compose(self) -> ComposeResult:
        yield EngineHeader(id="chat-header")
        yield ChatConversation(id="conversation")
        yield ChatPrompt(id="prompt")

    def on_mount(self) -> None:
        self.host.listen(self)
        self._show_model()

    def on_unmount(self) -> None:
        self.host.close()

    def enter(self) -> None:
        """The tab became visible."""
        self._prompt.focus()
        if self.host.choice is None and not self._has_looked:
            self._has_looked = True
            root: Path = getattr(self.app, "runs_root", Path("runs"))
            in_background(self, lambda: find_runs(root))
        self._show_model()

    def leave(self) -> None:
        """The tab is hidden; an answer under way goes on."""

    def open_run(self, path: Path) -> None:
        """Talk to the model of a run."""
        self._has_looked = True
        in_background(self, lambda: find_choice(path))

    @property
    def host(self) -> EngineHost:
        return engine_host(self.app)

    @property
    def is_answering(self) -> bool:
        return bool(self._turns and self._turns[-1].reply and self._turns[-1].reply.ending is None)

    @property
    def _prompt(self) -> ChatPrompt:
        return self.query_one(ChatPrompt)

    @property
    def _conversation(self) -> ChatConversation:
        return self.query_one(ChatConversation)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.host.state.is_at_work
        return not (
            action in ("regenerate", "clear", "save") and not self._turns and not self.host.state.is_broken
        )

    # Facts

    @on(RunsFound)
    def _take_newest(self, fact: RunsFound) -> None:
        choice = next((run.choice for run in fact.choices if run.choice), None)
        if choice is not None and self.host.choice is None:
            self.host.choose(choice)

    @on(ChoiceFound)
    def _take_found(self, fact: ChoiceFound) -> None:
        self.host.choose(fact.choice)

    @on(EngineChanged)
    def _show_state(self) -> None:
        self._show_model()

    @on(TokenArrived)
    async def _grow(self, fact: TokenArrived) -> None:
        if fact.number == self._number and (reply := self._last_reply()) is not None:
            await self._change(text=reply.text + fact.text, tokens=fact.tokens, seconds=fact.seconds)

    @on(AnswerDone)
    async def _finish(self, fact: AnswerDone) -> None:
        if fact.number == self._number:
            await self._change(
                text=fact.text, tokens=fact.tokens, seconds=fact.seconds, ending=fact.finish_reason
            )

    @on(AnswerFailed)
    async def _fail(self, fact: AnswerFailed) -> None:
        if fact.number == self._number:
            error = f"{fact.what}\nctrl+r asks again."
            await self._change(
                text=fact.text, tokens=fact.tokens, seconds=fact.seconds, ending="failed", error=error
            )

    @on(FilesWritten)
    async def _say_where(self, fact: FilesWritten) -> None:
        await self._conversation.add_note("saved: " + ", ".join(str(path) for path in fact.paths))

    @on(ServiceFailed)
    async def _say_failure(self, fact: ServiceFailed) -> None:
        await self._conversation.add_note(fact.what)

    # Keys

    @on(ChatPrompt.Submitted)
    async def _submit(self, event: ChatPrompt.Submitted) -> None:
        text = event.text
        if self._refuses():
            return self._prompt.take_back(text)
        self._prompt.remember(text)
        turn = Turn(text, (self._new_reply(),))
        self._turns = (*self._turns, turn)
        self._conversation.show_empty("")
        await self._conversation.add_turn(turn)
        self._ask()

    @on(ChatPrompt.PageWanted)
    def _turn_page(self, event: ChatPrompt.PageWanted) -> None:
        self._conversation.turn_page(event.direction)

    def action_send(self) -> None:
        self._prompt.submit()

    def action_newline(self) -> None:
        self._prompt.insert("\n")

    def action_stop(self) -> None:
        self.host.stop()

    async def action_regenerate(self) -> None:
        """Ask the last question again; without one, load a broken engine again."""
        if not self._turns:
            self.host.load(self)
        elif not self._refuses():
            self._turns = (*self._turns[:-1], self._turns[-1].with_reply(self._new_reply()))
            await self._conversation.replace_reply(self._turns[-1])
            self._ask()

    def action_target(self) -> None:
        targets = self._targets()
        if targets:
            self._target = targets[(targets.index(self._target) + 1) % len(targets)]
            self._show_model()

    def action_choose(self) -> None:
        root: Path = getattr(self.app, "runs_root", Path("runs"))
        self.app.push_screen(ChooseModel(root), self._take_chosen)

    def action_settings(self) -> None:
        self.app.push_screen(EditSettings(self._settings), self._take_settings)

    def action_save(self) -> None:
        transcript = Transcript(self._turns, self.host.choice, self.host.state.info)
        in_background(self, partial(write_transcript, Path.cwd(), transcript))

    async def action_clear(self) -> None:
        """Forget the conversation; an answer under way is stopped."""
        if self.is_answering:
            self.host.stop()
        self._number += 1
        self._turns = ()
        await self._conversation.clear()
        self._show_model()

    # The rest

    def _take_chosen(self, chosen: Chosen | None) -> None:
        if chosen is not None and chosen.model is not None:
            self.host.choose(chosen.model)
            self.host.load(self)

    def _take_settings(self, settings: ChatSettings | None) -> None:
        self._settings = settings or self._settings

    def _refuses(self) -> bool:
        """Whether nothing can be asked now; says why, and the text stays where it is."""
        if self.host.choice is None:
            tell(self, NO_MODEL)
        elif not self.host.is_free:
            tell(self, "The model is at work; esc stops it. Your text stays.")
        return self.host.choice is None or not self.host.is_free

    def _new_reply(self) -> Reply:
        choice = self.host.choice
        return Reply(
            model=(choice.model_name or "") if choice else "",
            target=self._target,
            sampling=self._settings.sampling,
            system=self._settings.system,
        )

    def _ask(self) -> None:
        """Ask for the reply that the last turn waits for."""
        self._number += 1
        *before, last = self._turns
        messages = told(before, last.prompt, system=self._settings.system)
        self.host.ask(self, Question(self._number, messages, self._target, self._settings.sampling))

    def _last_reply(self) -> Reply | None:
        return self._turns[-1].reply if self._turns else None

    async def _change(self, **changes: Any) -> None:
        """The last reply, changed in the transcript and on screen."""
        if not self._turns:
            return
        self._turns = (*self._turns[:-1], self._turns[-1].with_last(**changes))
        reply = self._turns[-1].reply
        if reply is not None:
            await self._conversation.show_reply(reply)
        self.refresh_bindings()

    def _targets(self) -> tuple[str, ...]:
        return self.host.choice.targets if self.host.choice else ()

    def _show_model(self) -> None:
        """Header and empty state; a target that this model has not gives way to the adapter's."""
        choice = self.host.choice
        if choice is not None and self._target not in choice.targets:
            self._target = choice.default_target
        self.query_one(EngineHeader).show(choice, self.host.state, target=self._target)
        empty = NO_MODEL if choice is None else READY.format(words=choice.words)
        self._conversation.show_empty("" if self._turns else empty)
        self.refresh_bindings()
