"""The runner: every question to every target of one engine in one batch, answers out as they end.

All targets get the same messages, sampling and seed. One failing question becomes an answer with an error and the rest
goes on. When all have answered, the likelihood of each reference is measured and its answer handed out once more. Knows
nothing about files, screens or torch.
"""

import hashlib
import json
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from phi_core.chat.engine import BASE, Ask, Chunk, Engine, EngineInfo
from phi_core.chat.messages import Message, conversation
from phi_core.errors import AdapterError, EngineFailed, EngineLost
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import Question, QuestionSet
from phi_core.evaluation.scorers import reference_is_an_answer, score

OnAnswer = Callable[[Answer], None]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Pair:
    """A question for a target; `settings` is the hash of all that decides the answer."""

    question: Question
    target: str
    settings: str

    def messages(self, question_set: QuestionSet) -> tuple[Message, ...]:
        return tuple(conversation(self.question.prompt, system=question_set.system))


def run_questions(
    question_set: QuestionSet,
    engine: Engine,
    *,
    targets: Sequence[str],
    on_answer: OnAnswer,
    should_stop: Callable[[], bool],
    already: Iterable[Answer] = (),
    origins: Mapping[str, str] | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> tuple[Answer, ...]:
    """The answers, question by question, those of `already` included and not asked again unless they failed, or were
    given to another question, with other settings or by other weights.

    `on_answer` hears each new one as it ends, and again once the likelihood of its reference is known; before each of
    these `on_progress` hears how many are measured, and of how many. `should_stop` is
    asked after each; what is under way then is dropped. `origins` says where a target without a fingerprint answers
    (`URL#MODEL`). EngineLost ends the batch: what was answered has been heard, and a later call goes on from there.
    """
    pairs = pairs_of(question_set, engine.info, targets, origins=origins)
    known = {pair.settings: answer for pair, answer in answered(pairs, already)}
    missing = [pair for pair in pairs if pair.settings not in known]
    for answer in _asked(missing, question_set, engine, should_stop):
        known[answer.settings] = answer
        on_answer(answer)
    there = [(pair, known[pair.settings]) for pair in pairs if pair.settings in known]
    if not should_stop():
        for answer in _measured(there, question_set, engine, should_stop, on_progress):
            known[answer.settings] = answer
            on_answer(answer)
    return tuple(known[pair.settings] for pair, _ in there)


def pairs_of(
    question_set: QuestionSet,
    info: EngineInfo,
    targets: Sequence[str],
    *,
    origins: Mapping[str, str] | None = None,
) -> tuple[Pair, ...]:
    """Every question with every target, question by question. AdapterError if a target is not loaded."""
    for target in targets:
        if target not in info.targets:
            raise AdapterError(f"no model is loaded as {target!r}", f"Loaded are {', '.join(info.targets)}")
    origins = origins or {}
    return tuple(
        Pair(question, target, settings_of(question, question_set, info, target, origins.get(target)))
        for question in question_set.questions
        for target in targets
    )


def answered(pairs: Sequence[Pair], answers: Iterable[Answer]) -> Iterator[tuple[Pair, Answer]]:
    """The pairs that have an answer already, with it: one that was given, to this question with these settings."""
    given = {answer.settings: answer for answer in answers if answer.is_given and answer.settings}
    return ((pair, given[pair.settings]) for pair in pairs if pair.settings in given)


def settings_of(
    question: Question, question_set: QuestionSet, info: EngineInfo, target: str, origin: str | None = None
) -> str:
    """SHA-256 over all that decides an answer and its score: question, sampling, prompt format, weights, precision; of
    a target that answers from elsewhere, its address."""
    weights = [info.fingerprints.get(BASE), info.fingerprints.get(target)]
    model = [target, info.model_name, weights, info.dtype, info.quantization]
    asked = [
        asdict(question),
        question_set.system,
        question_set.sampling.model_dump(),
        info.prompt_format_hash,
    ]
    decides = [model, asked] if origin is None else [[target, origin], asked]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _asked(
    pairs: Sequence[Pair], question_set: QuestionSet, engine: Engine, should_stop: Callable[[], bool]
) -> Iterator[Answer]:
    """An answer for each pair, in the order in which they end."""
    if not pairs or should_stop():
        return
    asks = [Ask(pair.messages(question_set), pair.target, question_set.sampling) for pair in pairs]
    ends = _ends(engine, asks)
    try:
        for position, end in ends:
            if isinstance(end, EngineFailed) or end.finish_reason != "cancelled":
                yield _answer(pairs[position], end)
            if should_stop():
                return
    finally:
        ends.close()


def _ends(engine: Engine, asks: Sequence[Ask]) -> Generator[tuple[int, Chunk | EngineFailed]]:
    """The end of each ask. Where the batch as a whole fails, those that it owes are asked one at a time."""
    owed = dict.fromkeys(range(len(asks)))
    try:
        for position, end in engine.stream_batch(asks, whole=True):
            del owed[position]
            yield position, end
    except EngineLost:
        raise
    except EngineFailed as error:
        if len(asks) == 1:
            yield 0, error
            return
        for position in owed:
            for _, end in _ends(engine, [asks[position]]):
                yield position, end


def _answer(pair: Pair, end: Chunk | EngineFailed) -> Answer:
    question = pair.question
    answer = Answer(question.id, question.prompt, pair.target, settings=pair.settings)
    if isinstance(end, EngineFailed):
        return replace(answer, error=str(end))
    return replace(
        answer,
        answer=end.text,
        tokens=end.tokens,
        seconds=end.seconds,
        finish_reason=end.finish_reason or "stop",
        score=score(question.score, end.text, question.reference),
    )


def _measured(
    there: Iterable[tuple[Pair, Answer]],
    question_set: QuestionSet,
    engine: Engine,
    should_stop: Callable[[], bool],
    on_progress: OnProgress,
) -> Iterator[Answer]:
    """The answers that lack the likelihood of their reference, with it; with an error if it cannot be measured."""
    owed = [(pair, answer) for pair, answer in there if _wants_likelihood(pair, answer, engine.info)]
    for place, (pair, answer) in enumerate(owed):
        on_progress(place, len(owed))
        measured = _with_likelihood(answer, pair, question_set, engine)
        if measured != answer:
            yield measured
        if should_stop():
            return


def _wants_likelihood(pair: Pair, answer: Answer, info: EngineInfo) -> bool:
    """A reference that could be said has one (a pattern or a rule has none), from a model that can be looked into."""
    question = pair.question
    is_text = question.reference is not None and reference_is_an_answer(question.score)
    can_be_asked = answer.is_given and info.serving.get(pair.target) != "remote"
    return is_text and can_be_asked and answer.reference_log_likelihood is None


def _with_likelihood(answer: Answer, pair: Pair, question_set: QuestionSet, engine: Engine) -> Answer:
    wanted = (*pair.messages(question_set), Message("assistant", str(pair.question.reference)))
    try:
        found = engine.log_likelihood(wanted, pair.target)
    except EngineLost:
        raise
    except EngineFailed as error:
        return replace(answer, error=str(error))
    if not math.isfinite(found.log_likelihood):
        return answer
    return replace(
        answer, reference_log_likelihood=found.log_likelihood, reference_tokens=found.tokens, error=None
    )
