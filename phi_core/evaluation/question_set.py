"""Question sets: a YAML file in, questions and *every* fault of the file out.

A file is a mapping with a list `questions` (and optional `name`, `system`, `generation`), or only the list; an item
is a text or a record. A bad item becomes a Problem that names its line, its position from 1 and the reason, and the
good ones stay usable. Knows nothing about models; `question_sets/README.md` describes the format for people.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phi_core.config.problems import nearest
from phi_core.config.sampling import Sampling, sampling_from
from phi_core.counted import counted
from phi_core.errors import Problem, QuestionSetError
from phi_core.evaluation.question_file import FORMAT_HELP, Item, read_question_file
from phi_core.evaluation.scorers import NEED_NO_REFERENCE, SCORERS, reference_fault

DEFAULT_SAMPLING = Sampling(temperature=0.0, max_new_tokens=64, seed=42)
FILE_KEYS = ("name", "system", "generation", "questions")
QUESTION_KEYS = ("id", "prompt", "reference", "score", "tags")


@dataclass(frozen=True)
class Question:
    """`prompt` goes to the model unaltered; `score` names a scorer, which most often needs a `reference`.

    A JSON schema that was written as a mapping is kept as JSON text.
    """

    id: str
    prompt: str
    reference: str | None = None
    score: str = "none"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class QuestionSet:
    """`questions` are the good items, `problems` the faults of all others; `fingerprint` is the file's SHA-256."""

    name: str
    system: str | None
    sampling: Sampling
    questions: tuple[Question, ...]
    problems: tuple[Problem, ...] = ()
    path: Path = Path()
    fingerprint: str = ""


def read_question_set(path: Path) -> QuestionSet:
    """The questions and problems of a file. QuestionSetError if the file as a whole is no question set."""
    file = read_question_file(path)
    settings, lines = file.settings, file.lines
    questions, item_problems = _questions(file.items)
    where = f"line {lines.get('generation', 1)}, generation"
    sampling, sampling_problems = _sampling(settings.get("generation"), where)
    return QuestionSet(
        name=_text_or(settings.get("name"), path.stem),
        system=_text_or(settings.get("system"), "") or None,
        sampling=sampling,
        questions=tuple(questions),
        problems=(*_setting_problems(settings, lines), *sampling_problems, *item_problems),
        path=path,
        fingerprint=hashlib.sha256(file.content).hexdigest(),
    )


def require_questions(question_set: QuestionSet, *, skip_bad: bool) -> None:
    """QuestionSetError with every problem, unless bad items may be skipped and a good one is left."""
    problems = question_set.problems
    if not question_set.questions:
        raise QuestionSetError(f"{question_set.path} holds no usable question", problems, FORMAT_HELP)
    if problems and not skip_bad:
        count = counted(len(problems), "problem")
        raise QuestionSetError(f"{question_set.path} has {count}", problems)


def _questions(items: Iterable[Item]) -> tuple[list[Question], list[Problem]]:
    questions: list[Question] = []
    problems: list[Problem] = []
    owners: dict[str, int] = {}
    for item in items:
        question, faults = _question(item), _faults(item)
        owner = owners.setdefault(question.id, item.position)
        if owner != item.position:
            faults.append(
                item.problem(f"id {question.id!r} is already question {owner}'s", "Every id is used once")
            )
        problems += faults
        questions += [] if faults else [question]
    return questions, problems


def _question(item: Item) -> Question:
    """The question as far as it can be read; it counts only if `_faults` finds none."""
    reference, name = _reference(item), item.field("score")
    return Question(
        id=_text_or(item.field("id"), str(item.position)),
        prompt=item.value if isinstance(item.value, str) else _text_or(item.field("prompt"), ""),
        reference=reference if isinstance(reference, str) else None,
        score=_text_or(name, "none" if reference is None else "contains"),
        tags=_tags(item.field("tags")),
    )


def _faults(item: Item) -> list[Problem]:
    if isinstance(item.value, dict):
        return [*_unknown_keys(item), *_prompt_faults(item), *_score_faults(item), *_kind_faults(item)]
    if item.value is None or (isinstance(item.value, str) and not item.value.strip()):
        return [item.problem("is empty")]
    if isinstance(item.value, str):
        return []
    return [
        item.problem(
            f"must be a text or a record with a prompt, got {_kind(item.value)}", "Put quotes around a text"
        )
    ]


def _unknown_keys(item: Item) -> list[Problem]:
    unknown = [key for key in item.value if key not in QUESTION_KEYS]
    return [item.problem(f"unknown key {key!r}", _known(str(key), QUESTION_KEYS)) for key in unknown]


def _prompt_faults(item: Item) -> list[Problem]:
    prompt = item.value.get("prompt")
    if "prompt" not in item.value:
        return [item.problem("has no prompt", "Put quotes around a question with a colon in it")]
    if not isinstance(prompt, str):
        return [item.problem(f"prompt must be text, got {_kind(prompt)}", "Put quotes around it")]
    return [] if prompt.strip() else [item.problem("prompt is empty")]


def _score_faults(item: Item) -> list[Problem]:
    name, reference = _question(item).score, _reference(item)
    if name not in SCORERS:
        return [item.problem(f"unknown scorer {name!r}", _known(name, tuple(SCORERS)))]
    if reference is None:
        return [] if name in NEED_NO_REFERENCE else [item.problem(f"scorer {name} needs a reference")]
    fault = reference_fault(name, reference) if isinstance(reference, str) else _not_text(name)
    return [item.problem(fault)] if fault else []


def _not_text(scorer: str) -> str:
    if scorer == "json_schema":
        return "reference must be a JSON schema: only texts, numbers, lists, mappings, true, false and null stand in it"
    return "reference must be text"


def _reference(item: Item) -> Any:
    """As it is written; a mapping of the scorer json_schema as JSON text, if it can be one."""
    reference = item.field("reference")
    if isinstance(reference, dict) and item.field("score") == "json_schema":
        try:
            return json.dumps(reference, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError):
            return reference
    return reference


def _kind_faults(item: Item) -> list[Problem]:
    faults = [
        f"{key} must be text, got {_kind(item.field(key))}"
        for key in ("id", "score")
        if _is_nested(item.field(key))
    ]
    tags = item.field("tags")
    if isinstance(tags, dict) or (isinstance(tags, list) and any(_is_nested(tag) for tag in tags)):
        faults.append("tags must be a list of words")
    return [item.problem(fault) for fault in faults]


def _setting_problems(settings: Mapping[Any, Any], lines: Mapping[str, int]) -> list[Problem]:
    unknown = [
        Problem(_at(key, lines), f"unknown key {key!r}", _known(str(key), FILE_KEYS))
        for key in settings
        if key not in FILE_KEYS
    ]
    texts = [key for key in ("name", "system") if not isinstance(settings.get(key, ""), str | None)]
    return unknown + [
        Problem(_at(key, lines), f"{key} must be text, got {_kind(settings[key])}") for key in texts
    ]


def _at(key: Any, lines: Mapping[str, int]) -> str:
    return f"line {lines.get(str(key), 1)}"


def _sampling(given: Any, where: str) -> tuple[Sampling, list[Problem]]:
    """The settings over the default of question sets; a bad one keeps its default."""
    if not isinstance(given, dict | None):
        return DEFAULT_SAMPLING, [
            Problem(where, f"must be a mapping of options to values, got {_kind(given)}")
        ]
    options = tuple(Sampling.model_fields)
    values = {key: value for key, value in (given or {}).items() if key in options}
    unknown = [
        Problem(where, f"unknown option {key!r}", _known(str(key), options))
        for key in given or {}
        if key not in options
    ]
    sampling, problems = sampling_from(values, where=where)
    update = sampling.model_dump(include=sampling.model_fields_set)
    return DEFAULT_SAMPLING.model_copy(update=update), [*unknown, *problems]


def _known(name: str, known: Sequence[str]) -> str:
    return nearest(name, known) or f"Known are {', '.join(known)}"


def _text_or(value: Any, default: str) -> str:
    return value if isinstance(value, str) and value.strip() else default


def _tags(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (value,) if isinstance(value, str) else ()


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | dict)


def _kind(value: Any) -> str:
    """What a value is, in the words of the file's author."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    return {"list": "a list", "dict": "a record", "str": "text"}.get(
        type(value).__name__, f"the {type(value).__name__} {value}"
    )
