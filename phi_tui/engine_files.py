"""What Chat and Compare read and write on disk, each as one blocking function that returns a fact.

Views hand these to `engine_services.in_background`. Errors are phi's own, or OSError.
"""

import time
from pathlib import Path

from phi_core.chat.engine import EngineInfo
from phi_core.errors import QuestionSetError
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.comparison import Comparison
from phi_core.evaluation.question_set import QuestionSet, read_question_set
from phi_core.evaluation.report import write_report
from phi_core.evaluation.statistics import summarise
from phi_core.runs.reader import read_run
from phi_core.runs.store import RunStore
from phi_tui.chat_transcript import Transcript, transcript_json, transcript_markdown
from phi_tui.engine_choice import ModelChoice, choice_of, run_choice
from phi_tui.engine_messages import ChoiceFound, FilesWritten, QuestionsRead, QuestionsRefused, RunsFound


def find_runs(root: Path) -> RunsFound:
    """All runs, newest first."""
    return RunsFound(tuple(run_choice(run) for run in RunStore(root).runs()))


def find_choice(run_path: Path) -> ChoiceFound:
    """The model of one run. RunError if it has no adapter yet."""
    return ChoiceFound(choice_of(read_run(run_path)))


def read_questions(path: Path) -> QuestionsRead | QuestionsRefused:
    try:
        return QuestionsRead(read_question_set(path))
    except QuestionSetError as error:
        return QuestionsRefused(path, str(error))


def write_comparison(
    directory: Path,
    question_set: QuestionSet,
    answers: tuple[Answer, ...],
    *,
    info: EngineInfo,
    choice: ModelChoice,
) -> FilesWritten:
    """The four files of a report."""
    comparison = Comparison(
        question_set=question_set,
        answers=answers,
        info=info,
        adapters=choice.adapters,
        run_id=choice.run_path.name if choice.run_path else None,
        created=time.strftime("%Y-%m-%d %H:%M:%S"),
        summary=summarise(answers),
    )
    return FilesWritten(write_report(directory, comparison))


def write_transcript(directory: Path, transcript: Transcript) -> FilesWritten:
    """A new pair of files, chat-<time>.json and .md; never over an older one."""
    stem = _free_stem(directory, time.strftime("phi-chat-%Y%m%d-%H%M%S"))
    paths = (directory / f"{stem}.json", directory / f"{stem}.md")
    for path, text in zip(paths, (transcript_json(transcript), transcript_markdown(transcript)), strict=True):
        path.write_bytes(text.encode("utf-8", "replace"))
    return FilesWritten(paths)


def _free_stem(directory: Path, stem: str) -> str:
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
    return next(name for name in names if not (directory / f"{name}.json").exists())
