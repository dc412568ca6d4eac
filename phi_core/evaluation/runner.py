"""The runner: every question to every target of one engine, answers out as they come.

Question by question and target by target, so that a side-by-side view fills from the top. All targets get the same
messages, sampling and seed. One failing question becomes an answer with an error and the rest goes on. Knows nothing
about files, screens or torch.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace

from phi_core.chat.engine import BASE, Chunk, Completion, Engine, EngineInfo
from phi_core.chat.messages import Message, conversation
from phi_core.errors import AdapterError, EngineFailed, EngineLost
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import Question, QuestionSet
from phi_core.evaluation.scorers import score


def run_questions(
    question_set: QuestionSet,
    engine: Engine,
    *,
    targets: Sequence[str],
    on_answer: Callable[[Answer], None],
    should_stop: Callable[[], bool],
    already: Iterable[Answer] = (),
) -> tuple[Answer, ...]:
    """The answers in question-major order, those of `already` included and not asked again unless they failed, or
    were given to another question, with other settings or by other weights.

    `on_answer` hears each new one. `should_stop` is asked between chunks; a cut answer is dropped, whole ones stay.
    EngineLost ends the batch: what was answered has been heard, and a later call goes on from there.
    """
    _refuse_unknown(targets, engine)
    known = {answer.settings: answer for answer in already if answer.error is None and answer.settings}
    pairs = [(question, target) for question in question_set.questions for target in targets]
    keys = [settings_of(question, question_set, engine.info, target) for question, target in pairs]
    for (question, target), key in zip(pairs, keys, strict=True):
        if key not in known:
            answer = None if should_stop() else _ask(question, question_set, engine, target, should_stop)
            if answer is None:
                break
            known[key] = replace(answer, settings=key)
            on_answer(known[key])
    return tuple(known[key] for key in keys if key in known)


def settings_of(question: Question, question_set: QuestionSet, info: EngineInfo, target: str) -> str:
    """SHA-256 over all that decides an answer and its score: question, sampling, prompt format, weights, precision."""
    model = [target, info.model_name, info.fingerprints.get(BASE), info.fingerprints.get(target), info.dtype]
    asked = [
        asdict(question),
        question_set.system,
        question_set.sampling.model_dump(),
        info.prompt_format_hash,
    ]
    return hashlib.sha256(json.dumps([model, asked], sort_keys=True).encode()).hexdigest()


def _refuse_unknown(targets: Sequence[str], engine: Engine) -> None:
    for target in targets:
        if target not in engine.info.targets:
            raise AdapterError(
                f"no model is loaded as {target!r}", f"Loaded are {', '.join(engine.info.targets)}"
            )


def _ask(
    question: Question,
    question_set: QuestionSet,
    engine: Engine,
    target: str,
    should_stop: Callable[[], bool],
) -> Answer | None:
    """One answer with its score, or None if it was stopped."""
    answer = Answer(question.id, question.prompt, target)
    messages = conversation(question.prompt, system=question_set.system)
    try:
        completion = _completion(engine.stream(messages, target, question_set.sampling), should_stop)
        if completion is None:
            return None
        answer = _with_completion(answer, completion, question)
        return replace(
            answer, reference_log_likelihood=_reference_log_likelihood(question, messages, engine, target)
        )
    except EngineLost:
        raise
    except EngineFailed as error:
        return replace(answer, error=str(error))


def _completion(stream: Iterator[Chunk], should_stop: Callable[[], bool]) -> Completion | None:
    """The whole answer; None, and the model stopped, if it was stopped from either side."""
    pieces, last = [], Chunk("", 0, 0.0, "stop")
    for last in stream:
        pieces.append(last.text)
        if last.finish_reason is None and should_stop():
            _close(stream)
            return None
    if last.finish_reason == "cancelled":
        return None
    return Completion("".join(pieces), last.tokens, last.seconds, last.finish_reason or "stop")


def _close(stream: Iterator[Chunk]) -> None:
    close = getattr(stream, "close", None)
    if close is not None:
        close()


def _with_completion(answer: Answer, completion: Completion, question: Question) -> Answer:
    return replace(
        answer,
        answer=completion.text,
        tokens=completion.tokens,
        seconds=completion.seconds,
        finish_reason=completion.finish_reason,
        score=score(question.score, completion.text, question.reference),
    )


def _reference_log_likelihood(
    question: Question, messages: Sequence[Message], engine: Engine, target: str
) -> float | None:
    """None without a reference text (a pattern is none), or if the model gives it no finite likelihood."""
    if question.reference is None or question.score == "regex":
        return None
    wanted = (*messages, Message("assistant", question.reference))
    value = engine.log_likelihood(wanted, target).log_likelihood
    return value if math.isfinite(value) else None
