"""A judge: a model that says, for each question, whether the adapter's answer or the base's is better.

Any target of any engine may judge. Each pair is asked in both orders, greedily; only what holds in both is a win or a
loss, all else is a tie. Answers in, judgements out as they come. Knows nothing about files or screens.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from phi_core.chat.engine import BASE, Ask, Chunk, Engine, EngineInfo
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError, EngineFailed
from phi_core.evaluation.answers import Answer, text_hash
from phi_core.evaluation.judge_prompt import (
    CLOSING,
    INSTRUCTIONS,
    MAX_REPLY_TOKENS,
    Case,
    Reply,
    judge_messages,
    reply_of,
    reply_tokens,
)
from phi_core.evaluation.question_set import Question, QuestionSet
from phi_core.evaluation.scorers import reference_is_an_answer
from phi_core.plain_text import one_line

JudgeVerdict = Literal["win", "tie", "loss", "failed"]
Choice = Literal["base", "adapter", "tie", "unreadable", "not asked"]

SAMPLING = Sampling(temperature=0.0, max_new_tokens=MAX_REPLY_TOKENS, seed=42)


@dataclass(frozen=True)
class Judgement:
    """On the answer of the adapter `model` to the question `id`, from the adapter's side.

    `first_order` is what the judge chose with the base's answer first, `second_order` with the adapter's first. `note`
    says why a tie is one where the judge did not call it so. "failed": the judge could not answer; it will be asked
    again. `settings` is a hash of all that was judged and of the judge, `answers` one of the two answers.
    """

    id: str
    model: str
    verdict: JudgeVerdict
    first_order: Choice
    second_order: Choice
    note: str = ""
    settings: str = ""
    answers: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def judgement_from(record: Mapping[str, Any]) -> Judgement:
    """From its line. ValueError, KeyError or TypeError if it is none."""
    choices = (record["first_order"], record["second_order"])
    if record["verdict"] not in get_args(JudgeVerdict) or not set(choices) <= set(get_args(Choice)):
        raise ValueError(f"no judgement: {record['verdict']!r} from {choices!r}")
    return Judgement(
        str(record["id"]),
        str(record["model"]),
        record["verdict"],
        *choices,
        note=str(record.get("note", "")),
        settings=str(record.get("settings", "")),
        answers=str(record.get("answers", "")),
    )


@dataclass(frozen=True)
class _Pair:
    question: Question
    base: Answer
    adapter: Answer
    settings: str

    def judgement(self, verdict: JudgeVerdict, first: Choice, second: Choice, note: str = "") -> Judgement:
        mark = text_hash(self.base.answer, self.adapter.answer)
        return Judgement(
            self.question.id, self.adapter.model, verdict, first, second, note, self.settings, mark
        )


def judge_answers(
    question_set: QuestionSet,
    answers: Iterable[Answer],
    engine: Engine,
    *,
    target: str,
    on_judgement: Callable[[Judgement], None],
    should_stop: Callable[[], bool] = lambda: False,
    already: Iterable[Judgement] = (),
    base: str = BASE,
) -> tuple[Judgement, ...]:
    """A judgement on each adapter's answer, question by question; those of `already` on the same texts are kept.

    `on_judgement` hears each new one; `should_stop` is asked after each reply. AdapterError if the engine has no `target`.
    """
    if target not in engine.info.targets:
        raise AdapterError(
            f"no model is loaded as {target!r}", f"Loaded are {', '.join(engine.info.targets)}"
        )
    pairs = list(_pairs(question_set, answers, base, engine.info, target))
    known = {found.settings: found for found in already if found.verdict != "failed"}
    left = [pair for pair in pairs if pair.settings not in known]
    for found in _judged(left, engine, target, should_stop):
        known[found.settings] = found
        on_judgement(found)
    return tuple(known[pair.settings] for pair in pairs if pair.settings in known)


def _pairs(
    question_set: QuestionSet, answers: Iterable[Answer], base: str, judge: EngineInfo, target: str
) -> Iterator[_Pair]:
    given = {(answer.id, answer.model): answer for answer in answers if answer.is_given}
    adapters = dict.fromkeys(model for _, model in given if model != base)
    for question in question_set.questions:
        for adapter in adapters:
            before, after = given.get((question.id, base)), given.get((question.id, adapter))
            if before and after:
                yield _Pair(question, before, after, _settings(question, before, after, judge, target))


def _settings(question: Question, base: Answer, adapter: Answer, judge: EngineInfo, target: str) -> str:
    """The model's label is part of it: two adapters may give the same answer."""
    judged = [asdict(question), base.answer, adapter.answer, adapter.model]
    by = [judge.model_name, target, judge.fingerprints.get(target), judge.prompt_format_hash, judge.dtype]
    asked = [INSTRUCTIONS, CLOSING, SAMPLING.model_dump(), judge.context_length]
    return hashlib.sha256(json.dumps([judged, by, asked], sort_keys=True).encode()).hexdigest()


def _judged(
    pairs: Sequence[_Pair], engine: Engine, target: str, should_stop: Callable[[], bool]
) -> Iterator[Judgement]:
    """Identical answers are a tie without asking; of the others both orders are asked in one batch."""
    for pair in pairs:
        if pair.base.answer == pair.adapter.answer:
            yield pair.judgement("tie", "not asked", "not asked", "the answers are the same")
    asked = [pair for pair in pairs if pair.base.answer != pair.adapter.answer]
    asks = [
        _ask(pair, engine.info.context_length, target, swapped=swapped)
        for pair in asked
        for swapped in (False, True)
    ]
    replies: dict[int, Chunk | EngineFailed] = {}
    for position, reply in _whole_replies(engine, asks, should_stop):
        replies[position] = reply
        first, second = replies.get(position // 2 * 2), replies.get(position // 2 * 2 + 1)
        if first is not None and second is not None:
            yield _judgement(asked[position // 2], first, second)


def _whole_replies(
    engine: Engine, asks: Sequence[Ask], should_stop: Callable[[], bool]
) -> Iterator[tuple[int, Chunk | EngineFailed]]:
    """Until it is stopped from either side; a reply that was cut is none."""
    if not asks or should_stop():
        return
    stream = engine.stream_batch(asks, whole=True)
    try:
        for position, reply in stream:
            if isinstance(reply, EngineFailed) or reply.finish_reason != "cancelled":
                yield position, reply
            if should_stop():
                return
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()


def _ask(pair: _Pair, context_length: int, target: str, *, swapped: bool) -> Ask:
    base, adapter = pair.base.answer, pair.adapter.answer
    question = pair.question
    is_shown = question.reference is not None and reference_is_an_answer(question.score)
    case = Case(
        question.prompt,
        *((adapter, base) if swapped else (base, adapter)),
        reference=(question.reference or "") if is_shown else "",
    )
    sampling = SAMPLING.model_copy(update={"max_new_tokens": reply_tokens(context_length)})
    return Ask(judge_messages(case, context_length=context_length), target, sampling)


def _judgement(pair: _Pair, first: Chunk | EngineFailed, second: Chunk | EngineFailed) -> Judgement:
    """Only what holds in both orders is a win or a loss."""
    for reply in (first, second):
        if isinstance(reply, EngineFailed):
            return pair.judgement("failed", "not asked", "not asked", str(reply))
    assert isinstance(first, Chunk) and isinstance(second, Chunk)
    choices = (_choice(first.text, swapped=False), _choice(second.text, swapped=True))
    for choice, reply in zip(choices, (first, second), strict=True):
        if choice == "unreadable":
            return pair.judgement(
                "tie", *choices, f"the reply was not understood: {one_line(reply.text, 80)!r}"
            )
    if choices[0] != choices[1]:
        return pair.judgement("tie", *choices, "the two orders disagree")
    return pair.judgement(_VERDICTS[choices[0]], *choices)


_VERDICTS: Mapping[Choice, JudgeVerdict] = {"adapter": "win", "base": "loss", "tie": "tie"}


def _choice(text: str, *, swapped: bool) -> Choice:
    first, second = _SIDES[::-1] if swapped else _SIDES
    choices: dict[Reply, Choice] = {"1": first, "2": second, "tie": "tie", "unreadable": "unreadable"}
    return choices[reply_of(text)]


_SIDES: tuple[Choice, Choice] = ("base", "adapter")
