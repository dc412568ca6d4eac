"""A batch as it was asked for: which questions go to which models. The content of batch.json.

The question set stands in it whole, so that a worker and every reader later see the questions that were asked, whatever
has become of the file. Written by front ends, once a start; read by the worker and by whoever shows the batch. Knows
nothing about processes or engines.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from phi_core.config.sampling import sampling_from
from phi_core.errors import Problem, RequestError
from phi_core.evaluation.question_set import DEFAULT_SAMPLING, Question, QuestionSet

FORMAT = 1


@dataclass(frozen=True)
class BatchRequest:
    """Which models are asked, and how they are loaded.

    `adapters` maps a label to a folder, `endpoints` a label to `URL#MODEL`. `model_name` is None where the first adapter
    names it. `judge` is None, a label of the batch, `base`, or `URL#MODEL`.
    """

    model_name: str | None
    adapters: dict[str, str] = field(default_factory=dict)
    endpoints: dict[str, str] = field(default_factory=dict)
    revision: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    quantization: str = "none"
    prompt_format: str = "auto"
    prompt_template: str | None = None
    trust_remote_code: bool = False
    judge: str | None = None


@dataclass(frozen=True)
class Batch:
    """`created` in seconds since the epoch. `run_path` is the folder of the run whose adapter is compared, so that its
    training data can be looked through for the questions."""

    id: str
    created: float
    question_set: QuestionSet
    request: BatchRequest
    run_id: str | None = None
    run_path: str | None = None


def batch_record(batch: Batch) -> dict[str, Any]:
    """The batch as the plain data of batch.json."""
    return {
        "format": FORMAT,
        "id": batch.id,
        "created": batch.created,
        "run_id": batch.run_id,
        "run_path": batch.run_path,
        "request": asdict(batch.request),
        "question_set": question_set_record(batch.question_set),
    }


def batch_from(record: Any) -> Batch:
    """The batch in such data; fields of a later version are passed over. RequestError if it is none."""
    if isinstance(record, dict) and record.get("format", FORMAT) > FORMAT:
        raise RequestError(f"the batch has format {record['format']}, newer than {FORMAT}", "Update phi")
    try:
        return Batch(
            id=str(record["id"]),
            created=float(record["created"]),
            question_set=question_set_from(record["question_set"]),
            request=BatchRequest(**_known(BatchRequest, record["request"])),
            run_id=record.get("run_id"),
            run_path=record.get("run_path"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RequestError(f"batch.json holds no batch: {error!r}", "Start the batch anew") from None


def question_set_record(question_set: QuestionSet) -> dict[str, Any]:
    """A question set as plain data."""
    return {
        "name": question_set.name,
        "path": str(question_set.path),
        "fingerprint": question_set.fingerprint,
        "system": question_set.system,
        "generation": question_set.sampling.model_dump(),
        "questions": [asdict(question) for question in question_set.questions],
        "problems": [asdict(problem) for problem in question_set.problems],
    }


def question_set_from(record: Mapping[str, Any]) -> QuestionSet:
    """The question set in such data. KeyError, TypeError or ValueError if it is none."""
    sampling, problems = sampling_from(record["generation"], where="generation")
    if problems:
        raise ValueError(str(problems[0]))
    return QuestionSet(
        name=str(record["name"]),
        system=record["system"],
        sampling=DEFAULT_SAMPLING.model_copy(update=sampling.model_dump()),
        questions=tuple(_question(item) for item in record["questions"]),
        problems=tuple(Problem(**_known(Problem, item)) for item in record.get("problems", ())),
        path=Path(record.get("path", "")),
        fingerprint=str(record.get("fingerprint", "")),
    )


def _question(record: Mapping[str, Any]) -> Question:
    values = _known(Question, record)
    return Question(**{**values, "tags": tuple(values.get("tags", ()))})


def _known(kind: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(kind)}
    return {name: value for name, value in record.items() if name in names}
