"""`phi compare`: base against adapters, on a question file or line by line."""

import sys
import time
from pathlib import Path

from phi_core.chat.engine import Engine, complete
from phi_core.chat.messages import conversation
from phi_core.cli.flags import Adapters, Device, Dtype, Model, PromptFormat, PromptTemplate, RunName, RunsDir
from phi_core.cli.output import duration, print_json, say
from phi_core.cli.target import Target, open_engine, target_of
from phi_core.config.sampling import Sampling
from phi_core.errors import RequestError
from phi_core.evaluation.answers import Answer, append_answer, read_answers
from phi_core.evaluation.comparison import Comparison, verdicts, warnings
from phi_core.evaluation.question_set import QuestionSet, read_question_set, require_questions
from phi_core.evaluation.report import report_json, write_report
from phi_core.evaluation.runner import run_questions
from phi_core.evaluation.statistics import summarise
from phi_core.files import user_path
from phi_core.runs.reader import Run


def compare(
    *,
    model: Model = None,
    adapter: Adapters = None,
    run: RunName = None,
    questions: str | None = None,
    out: str | None = None,
    skip_bad: bool = False,
    json: bool = False,
    prompt_format: PromptFormat = "auto",
    prompt_template: PromptTemplate = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    runs_dir: RunsDir = None,
) -> int:
    """Put the same questions to the base model and to adapters of it. Without --questions: a prompt loop.

    Parameters
    ----------
    questions
        A YAML file of questions.
    out
        Folder for answers.jsonl, report.md, report.html and report.json [default with --run: in the run's folder].
        What is answered there already, by the same weights with the same settings, is not asked again.
    skip_bad
        Ask the good questions of a file that has bad ones.
    json
        Print the report as one JSON document.
    """
    target = target_of(
        model, adapter, run, runs_dir, prompt_format=prompt_format, prompt_template=prompt_template
    )
    if questions is None:
        return _prompt_loop(target, device, dtype)
    asked = read_question_set(user_path(questions))
    require_questions(asked, skip_bad=skip_bad)
    folder = _writable(out, target.run, asked)
    engine = open_engine(target, device=device, dtype=dtype)
    try:
        comparison = _batch(asked, engine, target, folder)
    finally:
        engine.close()
    _report(comparison, folder, json=json)
    return 1 if any(answer.error for answer in comparison.answers) else 0


def _batch(asked: QuestionSet, engine: Engine, target: Target, folder: Path | None) -> Comparison:
    journal = folder / "answers.jsonl" if folder else None
    progress = Progress(len(asked.questions) * len(engine.info.targets))

    def on_answer(answer: Answer) -> None:
        if journal:
            append_answer(journal, answer)
        progress.advance()

    answers = run_questions(
        asked,
        engine,
        targets=engine.info.targets,
        on_answer=on_answer,
        should_stop=lambda: False,
        already=read_answers(journal) if journal and journal.exists() else (),
    )
    progress.end()
    return Comparison(
        question_set=asked,
        answers=answers,
        info=engine.info,
        adapters=target.adapters,
        run_id=target.run.id if target.run else None,
        created=time.strftime("%Y-%m-%d %H:%M:%S"),
        summary=summarise(answers),
    )


class Progress:
    """One rewritten line on a terminal, nothing elsewhere."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._start = total, 0, time.monotonic()

    def advance(self) -> None:
        self._done += 1
        left = (time.monotonic() - self._start) / self._done * (self._total - self._done)
        if sys.stderr.isatty():
            print(
                f"\r{self._done}/{self._total} answers · {duration(left)} left   ",
                end="",
                file=sys.stderr,
                flush=True,
            )

    def end(self) -> None:
        if sys.stderr.isatty():
            print("\r" + " " * 50 + "\r", end="", file=sys.stderr, flush=True)


def _report(comparison: Comparison, folder: Path | None, *, json: bool) -> None:
    written = write_report(folder, comparison) if folder else ()
    if json:
        print_json(report_json(comparison))
        return
    _print_answers(comparison)
    for path in written:
        say(f"wrote {path}")


def _print_answers(comparison: Comparison) -> None:
    say(f"{comparison.info.model_name} · {comparison.info.proof.sentence()}\n")
    width = max(len(target) for target in comparison.info.targets)
    for question in comparison.question_set.questions:
        say(f"{question.id}: {question.prompt}")
        for answer in comparison.answers:
            if answer.id == question.id:
                say(f"  {answer.model.ljust(width)}  {_mark(answer)} {answer.error or answer.answer}")
    say()
    for sentence in (*verdicts(comparison.summary), *warnings(comparison)):
        say(sentence)


def _mark(answer: Answer) -> str:
    if answer.error:
        return "!"
    return " " if answer.score is None else "✓" if answer.score == 1 else "✗" if answer.score == 0 else "~"


def _writable(out: str | None, run: Run | None, asked: QuestionSet) -> Path | None:
    """The folder of the results, made; None for a comparison without a run and without --out."""
    if out is not None:
        folder = user_path(out)
    elif run is not None:
        folder = run.layout.answers / "".join(c if c.isalnum() or c in "-_" else "-" for c in asked.name)[:60]
    else:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".phi-write-test").write_text("")
        (folder / ".phi-write-test").unlink()
    except OSError as error:
        raise RequestError(
            f"--out {folder} cannot be written: {error.strerror}", "Name another folder"
        ) from None
    return folder


def _prompt_loop(target: Target, device: str, dtype: str) -> int:
    engine = open_engine(target, device=device, dtype=dtype)
    try:
        say(f"{engine.info.model_name} · {engine.info.proof.sentence()}\nOne question a line; Ctrl-D leaves.")
        for line in iter(sys.stdin.readline, ""):
            for name in engine.info.targets if line.strip() else ():
                answer = complete(engine, conversation(line.rstrip("\n")), name, Sampling())
                say(f"  {name}: {answer.text}")
    except KeyboardInterrupt:
        say()
    finally:
        engine.close()
    return 0
