"""What Compare does with files and processes, each as one blocking function: find a batch, begin it, end it, report.

A view hands these to `services.start`. Errors are phi's own, or OSError.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from phi_core.errors import QuestionSetError, RequestError
from phi_core.evaluation.batch_folder import BatchSnapshot, read_batch
from phi_core.evaluation.batch_report import write_batch_report
from phi_core.evaluation.question_set import QuestionSet, read_question_set
from phi_core.jobs import compare_job
from phi_core.runs.reader import Run, read_run
from phi_core.runs.store import RunStore
from phi_tui.compare_choice import CompareChoice, agreeing, choice_from, choice_of, of_run, still_there

DEFAULT_FILE = Path("questions.yaml")


@dataclass(frozen=True)
class Opened:
    """What Compare is about. `folder` is that of the batch, whether there is one yet or not; None while something is
    missing. `refusal` says why the question file cannot be used."""

    choice: CompareChoice | None = None
    question_set: QuestionSet | None = None
    folder: Path | None = None
    refusal: str = ""


def first_look(root: Path, remembered: str) -> Opened:
    """The comparison that was open last, unless a run began after it; else the newest run with an adapter, and the
    questions of the current folder."""
    run = next((run for run in RunStore(root).runs() if of_run(run)), None)
    last = _remembered(remembered)
    if last is not None and (run is None or last.batch.created >= run.created):
        return opened_of(last)
    return open_run(run.path, root, DEFAULT_FILE) if run else _with_questions(Opened(), root, DEFAULT_FILE)


def open_folder(folder: Path) -> Opened:
    """A batch that is there already, with its questions as they were asked. RequestError if there is none."""
    return opened_of(read_batch(folder))


def opened_of(snapshot: BatchSnapshot) -> Opened:
    """A batch as it was asked."""
    batch = snapshot.batch
    return Opened(choice_from(batch), batch.question_set, snapshot.folder)


def open_run(path: Path, root: Path, questions: Path | None) -> Opened:
    """The newest adapter of a run; its newest answers where no question file is at hand."""
    run = read_run(path)
    found = of_run(run)
    answered = _newest_batch(run)
    if not (questions and questions.is_file()) and answered:
        return open_folder(answered)
    return _as_asked(_with_questions(Opened(choice_of(found[:1]) if found else None), root, questions))


def _as_asked(opened: Opened) -> Opened:
    """With all models of the batch that is there, if this one is among them."""
    batch = _remembered(str(opened.folder)) if opened.folder else None
    if batch is None or opened.choice is None:
        return opened
    agrees = set(opened.choice.targets) == set(agreeing(opened.choice, batch.batch))
    return replace(opened, choice=choice_from(batch.batch)) if agrees else opened


def open_choice(choice: CompareChoice, questions: Path, root: Path) -> Opened:
    return _with_questions(Opened(choice), root, questions)


def begin(opened: Opened, root: Path) -> Path:
    """Start the worker, or go on with what is missing; the questions are read anew. RequestError while one is at work.

    Returns its folder: another one where the file has been given another name.
    """
    assert opened.choice is not None and opened.question_set is not None
    question_set = _fresh(opened.question_set)
    if not question_set.questions:
        raise QuestionSetError(f"{question_set.path} holds no usable question", question_set.problems)
    run = _run(opened.choice)
    request = still_there(opened.choice, run).request
    folder = opened.folder or compare_job.batch_folder_of(question_set, request, run=run, root=root)
    compare_job.start(folder, compare_job.new_batch(question_set, request, run=run))
    return folder


def end(folder: Path) -> str:
    compare_job.stop(folder)
    return "stopping; ctrl+r goes on with what is missing"


def report(folder: Path) -> str:
    """Write the reports anew, with the votes given since; where they are."""
    paths = write_batch_report(folder)
    names = ", ".join(path.name for path in paths if path.name.startswith("report"))
    return f"wrote {names} into {_from_here(folder)}"


def _remembered(text: str) -> BatchSnapshot | None:
    try:
        return read_batch(Path(text)) if text else None
    except RequestError:
        return None  # deleted since


def _from_here(folder: Path) -> Path:
    """Shorter where it lies under the current folder."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _with_questions(opened: Opened, root: Path, path: Path | None) -> Opened:
    if path is None or (path == DEFAULT_FILE and not path.is_file()):
        return opened
    try:
        question_set = read_question_set(path)
    except QuestionSetError as error:
        return replace(opened, refusal=str(error))
    choice = opened.choice
    if choice is None:
        return replace(opened, question_set=question_set)
    folder = compare_job.batch_folder_of(question_set, choice.request, run=_run(choice), root=root)
    return replace(opened, question_set=question_set, folder=folder)


def _fresh(question_set: QuestionSet) -> QuestionSet:
    """As the file is now; as it was asked if the file is gone."""
    return read_question_set(question_set.path) if question_set.path.is_file() else question_set


def _run(choice: CompareChoice) -> Run | None:
    return read_run(choice.run_path) if choice.run_path and choice.run_path.is_dir() else None


def _newest_batch(run: Run) -> Path | None:
    batches = run.layout.answers.glob("*/batch.json") if run.layout.answers.is_dir() else ()
    return max((path.parent for path in batches), key=lambda path: path.stat().st_mtime, default=None)
