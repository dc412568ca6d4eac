"""ChatActions: who answers, how strongly and how, earlier chats and saving: the keys of Chat that open dialogs, and
what comes of them. What is asked and answered is the view's.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from textual import on
from textual.containers import Container

from phi_core.chat.transcript import transcript_markdown
from phi_tui import engine_messages as facts
from phi_tui.adapter_watch import AdapterWatch
from phi_tui.background_services import in_background
from phi_tui.chat_files import find_chat, find_chats, listed_chat, write_chat
from phi_tui.chat_services import ChatKeeper
from phi_tui.chat_session import ChatSession, ChatSettings
from phi_tui.clipboard import copy
from phi_tui.commands import Command
from phi_tui.engine_choice import ModelChoice, RunAdapter, is_adapter, renewed
from phi_tui.engine_services import EngineHost, engine_host
from phi_tui.prompt_file import edited_text
from phi_tui.screens.chat_settings import EditSettings
from phi_tui.screens.choose_model import ChooseModel
from phi_tui.screens.pick import Pick
from phi_tui.widgets.chat_conversation import ChatConversation
from phi_tui.widgets.chat_prompt import ChatPrompt
from phi_tui.widgets.plain import tell

NO_MODEL = "No model yet: ctrl+n chooses one, or train one on F2."


class ChatActions(Container):
    """Of a view that has a conversation on screen and can `show` everything around it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = ChatSession()
        self.adapters = AdapterWatch()
        self.keeper = ChatKeeper(self._tell_failure)

    def show(self) -> None:
        raise NotImplementedError

    @property
    def host(self) -> EngineHost:
        return engine_host(self.app)

    @property
    def runs_root(self) -> Path:
        return getattr(self.app, "runs_root", Path("runs"))

    @property
    def conversation(self) -> ChatConversation:
        return self.query_one(ChatConversation)

    def is_busy(self) -> bool:
        """Whether nothing can be asked now; says why, and the text stays where it is."""
        if self.host.choice is None:
            tell(self, NO_MODEL)
        elif not self.host.is_free:
            tell(self, "The model is at work; esc stops it. Your text stays.")
        return self.host.choice is None or not self.host.is_free

    def action_target(self) -> None:
        if self.host.choice is not None:
            self.session.turn_target(self.host.choice)
            self.show()

    def action_both(self) -> None:
        if self.host.choice is None or len(self.host.choice.targets) < 2:
            return tell(self, "There is only one model: ctrl+n chooses a run with an adapter.")
        self.session.is_both = not self.session.is_both
        self.show()

    def action_strength(self, steps: int) -> None:
        if self.host.choice is None or not self.host.choice.adapters:
            return tell(self, "Only an adapter has a strength: ctrl+n chooses a run with one.")
        self.session.change_strength(steps)
        self.show()

    def action_adapters(self) -> None:
        choice = self.host.choice
        there = self.adapters.of(choice)
        if choice is None or not there:
            return tell(self, "No checkpoints: the run has none yet, or the model is not of a run (ctrl+n).")

        def take(place: int | None) -> None:
            if place is not None:
                self._talk_to(there[place])

        self.app.push_screen(Pick("Talk to", self.adapters.lines(choice)), take)

    def action_choose(self) -> None:
        self.app.push_screen(ChooseModel(self.runs_root), self._take_chosen)

    def action_settings(self) -> None:
        self.app.push_screen(EditSettings(self.session.settings), self._take_settings)

    def action_earlier(self) -> None:
        in_background(self, find_chats)

    def action_save(self) -> None:
        in_background(self, partial(write_chat, Path.cwd(), self.session.conversation))

    def action_edit_prompt(self) -> None:
        prompt = self.query_one(ChatPrompt)
        text = edited_text(self, prompt.text)
        if text is not None:
            prompt.load_text(text)
            prompt.move_cursor(prompt.document.end)

    def action_copy_answer(self) -> None:
        """The newest answers, as they were said."""
        replies = self.session.turns[-1].newest if self.session.turns else ()
        said = "\n\n".join(reply.text for reply in replies if reply.text)
        if said:
            copy(self.app, said, "the answer")
        else:
            tell(self, "There is no answer to copy yet")

    def action_copy_chat(self) -> None:
        copy(self.app, transcript_markdown(self.session.conversation), "the conversation")

    def commands(self) -> list[Command]:
        """For the palette: the adapters and checkpoints there are."""
        return [
            Command(f"chat: answer with {each.label}", each.words, partial(self._talk_to, each))
            for each in self.adapters.of(self.host.choice)
        ]

    def talk_to(self, choice: ModelChoice) -> None:
        """Choose a model and load it."""
        self.host.choose(choice)
        self.host.load(self)

    def _take_chosen(self, choice: ModelChoice | None) -> None:
        if choice is not None:
            self.talk_to(choice)

    def _take_settings(self, settings: ChatSettings | None) -> None:
        self.session.settings = settings or self.session.settings

    def _talk_to(self, adapter: RunAdapter) -> None:
        """Loaded already, or loaded now."""
        choice = self.host.choice
        if choice is not None and choice.adapters.get(adapter.label) == adapter.path:
            self.session.target = adapter.label
            self.show()
        elif not self.is_busy():
            if self._renew((adapter,)):
                self.host.load(self)
            else:
                self.host.add(self, adapter.label, adapter.path)

    async def renewed_choice(self) -> ModelChoice:
        """What is asked, when something is asked: a checkpoint that is gone gives way to the newest of its run."""
        gone = self._renew(self.adapters.of(self.host.choice))
        choice = self.host.choice
        assert choice is not None, "is_busy was not asked"
        if gone:
            await self.conversation.add_note(
                f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} gone: a run keeps only its newest checkpoints. "
                f"{choice.label} answers from now on"
            )
        return choice

    def _renew(self, there: Sequence[RunAdapter]) -> tuple[str, ...]:
        """Before a load: choose the first of `there` if adapters of the choice are gone; their labels."""
        choice = self.host.choice
        newer = renewed(choice, there) if choice and self.host.is_unloaded else None
        if newer is None or choice is None:
            return ()
        self.host.choose(newer)
        self.session.fit(newer)
        return tuple(label for label in choice.adapters if label not in newer.adapters)

    # Facts

    @on(facts.AdapterAdded)
    async def _use_added(self, fact: facts.AdapterAdded) -> None:
        self.session.target = fact.label
        self.show()
        await self.conversation.add_note(f"{fact.label} answers from now on")

    @on(facts.AdapterRefused)
    async def _say_refusal(self, fact: facts.AdapterRefused) -> None:
        what = fact.what if is_adapter(fact.path) else self.adapters.gone(fact.label)
        await self.conversation.add_note(what)

    @on(facts.AdaptersGone)
    async def _say_gone(self, fact: facts.AdaptersGone) -> None:
        self.show()
        for label in fact.labels:
            await self.conversation.add_note(self.adapters.gone(label))

    @on(facts.ChatsFound)
    def _offer_chats(self, fact: facts.ChatsFound) -> None:
        chats = [chat for chat in fact.chats if chat.path != self.keeper.path]
        if not chats:
            return tell(self, f"There is no earlier chat in {fact.folder}.")

        def take(place: int | None) -> None:
            if place is not None:
                in_background(self, partial(find_chat, chats[place]))

        lines = [listed_chat(chat) for chat in chats]
        self.app.push_screen(
            Pick("Go on with an earlier chat", lines, note=f"They are in {fact.folder}"), take
        )

    @on(facts.FilesWritten)
    async def _say_where(self, fact: facts.FilesWritten) -> None:
        await self.conversation.add_note("saved: " + ", ".join(str(path) for path in fact.paths))

    @on(facts.ServiceFailed)
    async def _say_failure(self, fact: facts.ServiceFailed) -> None:
        await self.conversation.add_note(fact.what)

    def _tell_failure(self, what: str) -> None:
        """From any thread."""
        self.post_message(facts.ServiceFailed(what))
