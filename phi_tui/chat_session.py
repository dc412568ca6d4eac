"""What the Chat tab knows: the conversation, who answers and how, which question is being edited; no screen, no engine.

Questions for the engine host are made here, and facts about their answers taken. `number` is that of the request whose
answers are awaited; news of another one is passed over.
"""

from dataclasses import dataclass, field, replace

from phi_core.chat.engine import BASE, EngineInfo
from phi_core.chat.turns import STRONGEST, Conversation, Ending, Reply, Turn, left_out
from phi_core.config.sampling import Sampling
from phi_tui.engine_choice import ModelChoice
from phi_tui.engine_messages import AnswerDone, AnswerFailed, RequestEnded, TokenArrived
from phi_tui.engine_tasks import Question

STRENGTH_STEP = 0.25

News = TokenArrived | AnswerDone | AnswerFailed


@dataclass(frozen=True)
class ChatSettings:
    sampling: Sampling = field(default_factory=Sampling)
    system: str = ""


class ChatSession:
    def __init__(self) -> None:
        self.conversation = Conversation()
        self.settings = ChatSettings()
        self.target = ""
        self.strength = 1.0
        self.is_both = False
        self.editing: int | None = None
        """Place of the turn whose question is being edited."""
        self._number = 0

    @property
    def turns(self) -> tuple[Turn, ...]:
        return self.conversation.turns

    @property
    def is_answering(self) -> bool:
        return bool(self.turns) and self.turns[-1].is_open

    def awaits(self, fact: News | RequestEnded) -> bool:
        return fact.number == self._number and bool(self.turns)

    # Who answers

    def fit(self, choice: ModelChoice | None) -> None:
        """A target that this model has not gives way to the adapter's."""
        if choice is not None and self.target not in choice.targets:
            self.target = choice.default_target

    def turn_target(self, choice: ModelChoice) -> None:
        """The next one answers from now on."""
        targets = choice.targets
        self.target = targets[(targets.index(self.target) + 1) % len(targets)]
        self.is_both = False

    def change_strength(self, steps: int) -> None:
        self.strength = min(STRONGEST, max(0.0, self.strength + steps * STRENGTH_STEP))

    def answering(self, choice: ModelChoice) -> tuple[str, ...]:
        """The targets that answer the next question."""
        if not self.is_both:
            return (self.target,)
        adapter = self.target if self.target != BASE else choice.default_target
        return tuple(dict.fromkeys((choice.targets[0], adapter)))

    # Questions

    def ask(self, prompt: str, choice: ModelChoice) -> Question:
        """A new question, or an earlier one edited: then the conversation is cut there."""
        if self.editing is not None:
            self.conversation = self.conversation.cut(self.editing)
            self.editing = None
        self.conversation = self.conversation.asked(prompt, self._replies(choice))
        return self._question()

    def ask_again(self, choice: ModelChoice) -> Question:
        """The last question once more."""
        self.conversation = self.conversation.asked_again(self._replies(choice))
        return self._question()

    def edit(self, steps: int) -> str | None:
        """The question so many turns before (or after) the one being edited; None, and no editing, beyond the ends."""
        place = (len(self.turns) if self.editing is None else self.editing) + steps
        if place < 0:
            return self.turns[0].prompt if self.turns else None
        self.editing = place if place < len(self.turns) else None
        return self.turns[place].prompt if self.editing is not None else None

    def forget(self, conversation: Conversation | None = None) -> None:
        """Begin a conversation, empty or an earlier one; answers under way are nobody's."""
        self._number += 1
        self.editing = None
        self.conversation = conversation or Conversation()
        last = self.turns[-1].reply if self.turns else None
        if last is not None:
            self.settings = ChatSettings(last.sampling, last.system)

    def _replies(self, choice: ModelChoice) -> list[Reply]:
        return [
            Reply(
                model=choice.endpoint or choice.model_name or "",
                target=target,
                sampling=self.settings.sampling,
                system=self.settings.system,
                strength=self.strength if target in choice.adapters else 1.0,
                adapter=str(choice.adapters.get(target, "")),
            )
            for target in self.answering(choice)
        ]

    def _question(self) -> Question:
        self._number += 1
        return Question(self._number, self.conversation.asks)

    # Facts

    def take(self, fact: News, info: EngineInfo | None) -> Reply:
        """The reply as it is now."""
        reply = self.turns[-1].newest[fact.place]
        text = reply.text + fact.text if isinstance(fact, TokenArrived) else fact.text
        changed = replace(reply, text=text, tokens=fact.tokens, seconds=fact.seconds)
        if isinstance(fact, AnswerFailed):
            changed = replace(changed, ending="failed", error=fact.what)
        else:
            ending = fact.finish_reason if isinstance(fact, AnswerDone) else None
            changed = replace(
                changed, ending=ending, prompt_tokens=fact.prompt_tokens, dropped_turns=fact.dropped_turns
            )
        return self._put(fact.place, changed.from_engine(info) if info else changed)

    def end_all(self, fact: RequestEnded) -> tuple[tuple[int, Reply], ...]:
        """The replies that were still awaited, ended."""
        ending: Ending = "failed" if fact.what else "cancelled"
        return tuple(
            (place, self._put(place, replace(reply, ending=ending, error=fact.what)))
            for place, reply in enumerate(self.turns[-1].newest)
            if reply.ending is None
        )

    def _put(self, place: int, reply: Reply) -> Reply:
        last = self.turns[-1].with_reply(place, reply)
        self.conversation = replace(self.conversation, turns=(*self.turns[:-1], last))
        return reply

    # Words

    def prompt_words(self) -> str:
        """What enter does now, if it is not simply sending."""
        if self.editing is None:
            return ""
        return (
            f"question {self.editing + 1} of {len(self.turns)} · enter asks it anew from here · esc leaves it"
        )

    def context_words(self, info: EngineInfo | None) -> str:
        """How much of the context the conversation fills, as far as it is known; "" before the first answer."""
        replies = [reply for reply in self.turns[-1].newest if reply.prompt_tokens] if self.turns else []
        if not replies or info is None:
            return ""
        fullest = max(replies, key=lambda reply: reply.prompt_tokens + reply.tokens)
        used = fullest.prompt_tokens + fullest.tokens
        meter = f"context {used}/{info.context_length}" if info.context_length else f"context {used}"
        return " · ".join(part for part in (meter, left_out(fullest.dropped_turns)) if part)
