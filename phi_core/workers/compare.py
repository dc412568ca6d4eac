"""The compare worker: a batch folder in, answers and reports out. `python -m phi_core.workers.compare FOLDER`

Says in status.json that it lives before anything heavy is imported. An answer is kept as it ends; what earlier workers
have answered is not asked again. The first SIGTERM or SIGINT drops what is under way and ends with the report of what
is there, a second one ends at once. Every end is recorded: finished, stopped, failed with cause and next step.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from phi_core.chat.engine import Engine
from phi_core.chat.guarded_engine import GuardedEngine
from phi_core.chat.joined_engine import JoinedEngine
from phi_core.errors import PhiError, WorkError
from phi_core.evaluation.answer_changes import measure_changes
from phi_core.evaluation.answers import Answer, read_answers
from phi_core.evaluation.batch_folder import BatchFolder, engine_record, read_batch
from phi_core.evaluation.batch_report import write_batch_report
from phi_core.evaluation.batch_request import Batch, BatchRequest, batch_from
from phi_core.evaluation.batch_writer import BatchWriter
from phi_core.evaluation.judge import judge_answers
from phi_core.evaluation.overlap import Overlap, find_overlap
from phi_core.evaluation.runner import answered, pairs_of, run_questions
from phi_core.files import read_json, write_json
from phi_core.jobs.openai_engine import OpenAIEngine
from phi_core.model_files.held_adapters import held_adapters
from phi_core.planning.training_texts import training_texts
from phi_core.runs.layout import RunLayout


class Interrupted(BaseException):
    """A wish to end, heard while a model was at work. No fault: it passes all that handles these."""


class Signals:
    """Hears SIGTERM and SIGINT. The first raises Interrupted, at once or when a model is next at work."""

    def __init__(self, writer: BatchWriter) -> None:
        self._writer = writer
        self._is_heard = False
        self._may_raise = False

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within it Interrupted may be raised: nothing is being written there."""
        self._may_raise = True
        try:
            if self._is_heard:
                raise Interrupted
            yield
        finally:
            self._may_raise = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_heard:
            self._writer.end("stopped")
            os._exit(128 + number)
        self._is_heard = True
        if self._may_raise:
            raise Interrupted


def main(arguments: list[str], *, opened: Callable[[BatchRequest], Engine] | None = None) -> int:
    """Exit status 0 finished or stopped, 1 failed, 2 another worker has the folder. `opened` loads the models."""
    files = BatchFolder(Path(arguments[0]))
    lock = FileLock(files.lock, timeout=0)
    try:
        lock.acquire()  # held until this process ends, however it ends
    except Timeout:
        print(f"another worker has {files.root}", file=sys.stderr)
        return 2
    writer = BatchWriter(files.root)
    signals = Signals(writer)
    signals.listen()
    try:
        carry_out(files, writer, signals, opened or open_engine)
    except Interrupted:
        return stopped(files, writer)
    except Exception as error:  # the top of a worker: recorded in the folder, then the end
        traceback.print_exc()
        writer.fail(cause(error, log=files.log.name))
        return 1
    writer.end("finished")
    return 0


def carry_out(
    files: BatchFolder,
    writer: BatchWriter,
    signals: Signals,
    opened: Callable[[BatchRequest], Engine],
) -> None:
    """Ask what is missing, measure, judge, and write the report."""
    batch = batch_from(read_json(files.batch))
    before = read_answers(files.answers)
    writer.status(activity="loading the models")
    with signals.interruptible():
        loaded = opened(batch.request)
        judge = open_judge(batch.request, loaded)
        about = engine_record(loaded.info, batch)
    files.overlap.unlink(missing_ok=True)  # of what another start has asked
    write_json(files.engine, about)
    engine = GuardedEngine(loaded, signals.interruptible)
    judge = judge and replace(judge, engine=GuardedEngine(judge.engine, signals.interruptible))
    answers = ask_questions(batch, before, engine, writer)
    writer.put_in_order(answers)
    measure_changes(
        batch.question_set,
        answers,
        engine,
        on_changes=writer.token_changes,
        already=read_batch(files.root).token_changes,
        on_progress=lambda done, total: writer.activity(f"measuring what changed, {done} of {total}"),
    )
    judge_them(batch, answers, judge, writer)
    writer.status(activity="looking for the questions in the training data")
    with signals.interruptible():
        overlap = look_for_questions(batch)
    if overlap is not None:
        write_json(files.overlap, [found.as_json() for found in overlap])
    writer.status(activity="writing the report")
    write_batch_report(files.root)


def ask_questions(
    batch: Batch, before: tuple[Answer, ...], engine: Engine, writer: BatchWriter
) -> tuple[Answer, ...]:
    """All answers, each kept as it comes."""
    targets, origins = engine.info.targets, batch.request.endpoints
    pairs = pairs_of(batch.question_set, engine.info, targets, origins=origins)
    writer.begin([answer for _, answer in answered(pairs, before)], total=len(pairs))
    writer.status(activity="answering")
    return run_questions(
        batch.question_set,
        engine,
        targets=targets,
        on_answer=writer.answer,
        should_stop=lambda: False,
        already=before,
        origins=origins,
        on_progress=lambda done, total: writer.activity(f"measuring the references, {done} of {total}"),
    )


def judge_them(batch: Batch, answers: Sequence[Answer], judge: "Judge | None", writer: BatchWriter) -> None:
    """The judge's word on each adapter's answer, if there is a judge; each kept as it comes."""
    if judge is None:
        return
    writer.status(activity=f"asking the judge, {batch.request.judge}")
    judge_answers(
        batch.question_set,
        answers,
        judge.engine,
        target=judge.target,
        on_judgement=lambda judgement: writer.judgement(judgement.as_json()),
        already=read_batch(writer.files.root).judgements,
    )


def look_for_questions(batch: Batch) -> tuple[Overlap, ...] | None:
    """Which questions the run was trained on. None if that is not known: data that cannot be read any more spoils no
    answer, and the log has why."""
    if batch.run_path is None:
        return None
    try:
        texts = training_texts(RunLayout(Path(batch.run_path)).config)
        return find_overlap(batch.question_set.questions, texts)
    except (PhiError, OSError, ValueError) as error:
        print(f"the questions were not looked up in the training data: {error}", file=sys.stderr)
        return None


def stopped(files: BatchFolder, writer: BatchWriter) -> int:
    """The end after a signal: the report says what is there."""
    writer.status(activity="writing the report")
    try:
        if read_batch(files.root).answers:
            write_batch_report(files.root)
    except Exception:  # the answers are kept: a report is written anew after the next start
        traceback.print_exc()
    writer.end("stopped")
    return 0


def open_engine(request: BatchRequest) -> Engine:
    """All models of the batch as one engine: base and adapters in this process, others behind their endpoints.

    PhiError if one cannot be had.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[0]  # with more, transformers would use them all
    elsewhere: list[Engine] = [
        OpenAIEngine(address, label=label) for label, address in request.endpoints.items()
    ]
    if request.model_name is None and not request.adapters:
        return JoinedEngine(elsewhere)
    with held_adapters(request.adapters) as held:
        from phi_core.inference.opening import open_local_engine  # heavy: after the status says that we live

        here = open_local_engine(asdict(request), held=held)
    return JoinedEngine([here, *elsewhere]) if elsewhere else here


@dataclass(frozen=True)
class Judge:
    """`target` of `engine` judges."""

    engine: Engine
    target: str


def open_judge(request: BatchRequest, loaded: Engine) -> Judge | None:
    """A model of the batch, or one behind an endpoint of its own. EngineFailed if that does not answer."""
    if request.judge is None or "://" not in request.judge:
        return Judge(loaded, request.judge) if request.judge else None
    elsewhere = OpenAIEngine(request.judge)
    return Judge(elsewhere, elsewhere.info.targets[0])


def cause(error: Exception, *, log: str) -> PhiError:
    """What went wrong, and what to do."""
    if isinstance(error, PhiError):
        return error
    first = (str(error).strip() or "no message").splitlines()[0]
    return WorkError(f"{type(error).__name__}: {first}", f"Details are in {log}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
