"""What an adapter changed along its own answers, token by token, for every answer of a batch that lacks it.

An answer that cannot be measured (its model answers from elsewhere, or fails at it) has none; one that was cut has no stop
token to measure. Knows nothing about files.
"""

from collections.abc import Callable, Collection, Sequence

from phi_core.chat.engine import BASE, Engine, EngineInfo, TokenChange
from phi_core.chat.messages import Message, conversation
from phi_core.errors import EngineFailed, EngineLost
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import QuestionSet

OnChanges = Callable[[Answer, tuple[TokenChange, ...]], None]


def measure_changes(
    question_set: QuestionSet,
    answers: Sequence[Answer],
    engine: Engine,
    *,
    on_changes: OnChanges,
    already: Collection[tuple[str, str]] = (),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """`on_changes` hears the tokens of each adapter's answer. `already` holds (question id, label). EngineLost ends it.

    `on_progress` hears before each how many are measured, and of how many.
    """
    owed = [
        answer
        for answer in answers
        if (answer.id, answer.model) not in already and _can_be_measured(answer, engine.info)
    ]
    for place, answer in enumerate(owed):
        on_progress(place, len(owed))
        asked = conversation(answer.prompt, system=question_set.system)
        try:
            changes = engine.token_changes((*asked, Message("assistant", answer.answer)), answer.model)
        except EngineLost:
            raise
        except EngineFailed:
            continue
        on_changes(answer, changes if answer.finish_reason == "stop" else changes[:-1])


def _can_be_measured(answer: Answer, info: EngineInfo) -> bool:
    is_adapter = answer.model != BASE and info.serving.get(answer.model) != "remote"
    return is_adapter and answer.is_given and bool(answer.answer)
