"""A batch folder with given answers to given prompts, as a worker leaves it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from batch_factory import make_batch

from phi_core.evaluation.question_set import DEFAULT_SAMPLING, Question, QuestionSet


def answered_batch(
    folder: Path,
    prompts: Sequence[str],
    answers: Mapping[str, Sequence[str]],
    *,
    ids: Sequence[str] | None = None,
    system: str | None = None,
) -> Path:
    """`answers` maps a model ("base" or an adapter's label) to its answers, in the order of the prompts."""
    named = zip(ids or [str(place) for place, _ in enumerate(prompts, 1)], prompts, strict=True)
    questions = tuple(Question(id, prompt) for id, prompt in named)
    scripts = {model: dict(zip(prompts, texts, strict=True)) for model, texts in answers.items()}
    make_batch(folder, scripts, question_set=QuestionSet("questions", system, DEFAULT_SAMPLING, questions))
    return folder
