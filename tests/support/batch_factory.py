"""Batch folders as a front end and a worker would leave them, without either: answered by a fake engine."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from fake_engine import FakeEngine, Script
from run_factory import DEAD

from phi_core.evaluation.answer_changes import measure_changes
from phi_core.evaluation.answers import Answer, latest
from phi_core.evaluation.batch_folder import BatchFolder, engine_record
from phi_core.evaluation.batch_report import write_batch_report
from phi_core.evaluation.batch_request import Batch, BatchRequest, batch_record
from phi_core.evaluation.batch_writer import BatchWriter
from phi_core.evaluation.question_set import DEFAULT_SAMPLING, Question, QuestionSet
from phi_core.evaluation.runner import run_questions
from phi_core.files import read_json, write_json
from phi_core.runs.identity import identity_of

CAPITALS = {"France": "Paris", "Japan": "Tokyo", "Peru": "Lima", "Kenya": "Nairobi", "Norway": "Oslo"}


def capitals(count: int = 5) -> QuestionSet:
    """`count` questions with a reference each."""
    pairs = [list(CAPITALS.items())[place % len(CAPITALS)] for place in range(count)]
    questions = tuple(
        Question(str(place), f"{place}: {country}?", capital, "contains", (country[0],))
        for place, (country, capital) in enumerate(pairs, 1)
    )
    return QuestionSet("capitals", "Be short.", DEFAULT_SAMPLING, questions, (), Path("c.yaml"), "ab" * 32)


def right(prompt: str) -> str:
    """The right answer to one of `capitals`."""
    return CAPITALS[prompt.split(": ")[1].rstrip("?")]


def batch_of(question_set: QuestionSet, labels: Sequence[str] = ("tuned",)) -> Batch:
    request = BatchRequest("fake/model", {label: f"/adapters/{label}" for label in labels})
    return Batch("b1", 1_700_000_000.0, question_set, request, "run-1")


def make_batch(
    folder: Path,
    scripts: Mapping[str, Script],
    *,
    question_set: QuestionSet | None = None,
    state: str = "finished",
    is_alive: bool = False,
    answered: int | None = None,
    failing: Sequence[str] = (),
) -> tuple[Answer, ...]:
    """A folder whose batch has given `answered` answers (None: all), with its report if it is finished.

    The worker it speaks of is this process, or one that is gone.
    """
    asked = question_set or capitals()
    batch = batch_of(asked, [label for label in scripts if label != "base"])
    engine = FakeEngine(scripts, failing=failing)
    folder.mkdir(parents=True, exist_ok=True)
    files = BatchFolder(folder)
    write_json(files.batch, batch_record(batch))
    write_json(files.engine, engine_record(engine.info, batch))
    writer = BatchWriter(folder)
    writer.begin((), total=len(asked.questions) * len(engine.info.targets))
    given: list[Answer] = []

    def keep(answer: Answer) -> None:
        writer.answer(answer)
        given.append(answer)

    run_questions(
        asked, engine, targets=engine.info.targets, on_answer=keep, should_stop=lambda: len(given) == answered
    )
    measure_changes(asked, latest(given), engine, on_changes=writer.token_changes)
    writer.end("finished" if state == "lost" else state)  # type: ignore[arg-type]
    _as_said_by(folder, state, identity_of(os.getpid()).as_json() if is_alive else DEAD)
    if state == "finished":
        write_batch_report(folder)
    return tuple(given)


def _as_said_by(folder: Path, state: str, identity: Mapping[str, object]) -> None:
    status = BatchFolder(folder).status
    record = {**read_json(status), "state": "running" if state == "lost" else state, **identity}
    write_json(status, record)
