"""How a comparison ended, in words and as an exit status: its answers side by side, its verdicts, where its reports lie."""

import shutil
import sys

from phi_core.chat.wire import error_from
from phi_core.cli.output import print_json, say
from phi_core.errors import WorkError
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.batch_folder import BatchSnapshot
from phi_core.evaluation.batch_report import comparison_of
from phi_core.evaluation.comparison import Comparison, verdicts, warnings
from phi_core.evaluation.judge_results import judge_summary
from phi_core.evaluation.report import report_json
from phi_core.evaluation.verdict import fail_if_worse as is_worse

FULL_BYTES = 1 << 16
"""With less room than this the worker cannot go on."""
REPORTS = ("report.md", "report.html", "report.json")


def tell_end(batch: BatchSnapshot, *, json: bool, fail_if_worse: bool) -> int:
    """Print how a batch ended; its exit status. Raises the worker's own error if it failed; WorkError if it was killed."""
    status = batch.status
    if status.state == "failed":
        raise error_from({"kind": status.error_kind, "what": status.error, "remedy": status.remedy})
    if status.state == "lost":
        raise WorkError(f"the comparison's worker was killed {_how_far(batch)}", _after_a_kill(batch))
    if batch.info is not None:
        _tell(batch, comparison_of(batch), json=json)
    if status.state == "stopped":
        return _tell_stopped(batch)
    return _exit_status(comparison_of(batch), fail_if_worse=fail_if_worse)


def _exit_status(comparison: Comparison, *, fail_if_worse: bool) -> int:
    """1 if an answer failed or, where that counts, an adapter is worse than the base."""
    has_failed = any(answer.error for answer in comparison.answers)
    closes = fail_if_worse and is_worse(comparison.summary)
    if closes:
        print("phi: --fail_if_worse: an adapter is worse than the base", file=sys.stderr)
    return 1 if has_failed or closes else 0


def _tell(batch: BatchSnapshot, comparison: Comparison, *, json: bool) -> None:
    if json:
        print_json(report_json(comparison))
        return
    _say_answers(comparison)
    for name in ("answers.jsonl", *REPORTS):
        if (batch.folder / name).exists():
            say(f"wrote {batch.folder / name}")


def _how_far(batch: BatchSnapshot) -> str:
    """A killed worker may have kept more answers than it had time to count."""
    if not batch.status.total:
        return "before the first question was asked"
    return f"after {max(batch.status.done, len(batch.answers))} of {batch.status.total} answers"


def _after_a_kill(batch: BatchSnapshot) -> str:
    """A worker on a full disk can write neither its status nor its log."""
    if shutil.disk_usage(batch.folder).free < FULL_BYTES:
        return f"The disk of {batch.folder} is full: make room; the same command then asks what is missing"
    log = batch.folder / "worker.log"
    return f"What is answered is kept: the same command asks the others. Its last words are in {log}"


def _tell_stopped(batch: BatchSnapshot) -> int:
    print(
        f"phi: stopped {_how_far(batch)}; what is answered is kept, the same command asks the others",
        file=sys.stderr,
    )
    return 130


def _say_answers(comparison: Comparison) -> None:
    say(f"{comparison.info.model_name} · {comparison.info.proof.sentence()}\n")
    width = max(len(target) for target in comparison.info.targets)
    for question in comparison.question_set.questions:
        say(f"{question.id}: {question.prompt}")
        for answer in comparison.answers:
            if answer.id == question.id:
                say(f"  {answer.model.ljust(width)}  {_mark(answer)} {answer.error or answer.answer}")
    say()
    for sentence in (*verdicts(comparison.summary), *_opinions(comparison), *warnings(comparison)):
        say(sentence)


def _opinions(comparison: Comparison) -> tuple[str, ...]:
    """What a judge and people's votes say, where there are any."""
    judged = judge_summary(comparison.judgements).sentences() if comparison.judgements else ()
    return (*judged, *(comparison.votes.sentences() if comparison.votes else ()))


def _mark(answer: Answer) -> str:
    if answer.error:
        return "!"
    return " " if answer.score is None else "✓" if answer.score == 1 else "✗" if answer.score == 0 else "~"
