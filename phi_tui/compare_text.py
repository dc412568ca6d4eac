"""What Compare says of a batch in words: how far it is, who answers and how, and what the answers add up to. Pure."""

from collections.abc import Iterable, Iterator

from phi_core.chat.engine import BASE, EngineInfo
from phi_core.config.sampling import Sampling
from phi_core.evaluation.batch_folder import BatchSnapshot
from phi_core.evaluation.batch_status import BatchStatus
from phi_core.evaluation.comparison import Comparison, header, notes, number, opinions, verdicts, warnings
from phi_core.evaluation.question_set import QuestionSet
from phi_core.evaluation.statistics import TagDifference, TargetSummary
from phi_core.plain_text import one_line
from phi_tui.answer_book import AnswerBook
from phi_tui.compare_choice import CompareChoice, agreeing, shortened
from phi_tui.run_text import duration

Line = tuple[str, str]
"""A text and its style."""
HEADING = "bold underline"
LOST = "the worker is gone without a word: ctrl+r goes on with what is missing"
ENDINGS = {
    "stopped": "stopped: ctrl+r goes on with what is missing",
    "lost": LOST,
    "finished": "",
    "created": "",
}
APART = {"separate pass": "separate passes", "own base": "own base", "remote": "endpoint"}


def state_words(snapshot: BatchSnapshot | None) -> Line:
    """What the worker does, and how fast; else how the batch ended."""
    if snapshot is None:
        return "not asked yet", ""
    status = snapshot.status
    if status.state == "running":
        speed = f" · {status.tokens_per_second:.0f} tokens/s" if status.tokens_per_second else ""
        return f"● {status.activity or 'running'}{speed}", "bold $text-success"
    if status.state == "created":
        return "● starting", ""
    mark = {"finished": "✓", "stopped": "■", "failed": "✗", "lost": "?"}.get(status.state, "·")
    style = "bold $text-error" if status.state in ("failed", "lost") else ""
    return f"{mark} {status.state}", style


def ending(status: BatchStatus) -> Line:
    """The next step after an end that was not the good one; "" after that."""
    if status.state == "failed":
        remedy = f" {status.remedy}." if status.remedy else ""
        return f"{status.error or 'the worker failed'}.{remedy} ctrl+r tries again", "$text-error"
    style = "$text-error" if status.state == "lost" else ""
    return ENDINGS.get(status.state, ""), style


def next_step(snapshot: BatchSnapshot, choice: CompareChoice | None, asked: QuestionSet | None) -> Line:
    """What is to be known of a batch that was found: how it ended, or that something else would be asked now."""
    text, style = ending(snapshot.status)
    if asked is not None and asked.fingerprint != snapshot.batch.question_set.fingerprint:
        return "The question file has changed since: ctrl+r asks what is new or different.", "$text-warning"
    if choice is not None and set(choice.targets) - set(agreeing(choice, snapshot.batch)):
        return "Other models were asked here before: ctrl+r asks what is missing.", "$text-warning"
    return text, style


def progress_line(book: AnswerBook, snapshot: BatchSnapshot | None, filter_name: str, listed: int) -> str:
    """Name, counts, time left, what is listed, totals."""
    left = snapshot.status.seconds_left if snapshot else None
    kept = f"{filter_name}: {listed} of {len(book.questions)}" if filter_name != "all" else ""
    parts = [
        one_line(book.question_set.name, 40),
        f"{book.done}/{book.wanted} answers",
        f"{duration(left)} left" if left else "",
        kept,
        book.totals(),
    ]
    return " · ".join(part for part in parts if part)


def who_words(choice: CompareChoice | None, info: EngineInfo | None) -> str:
    """The base and who is compared with it, each that is not served in the same batch with how it is."""
    if choice is None:
        return "no model chosen"
    name = choice.request.model_name
    base = shortened(name) if name else "the adapter's base"
    others = (_served(target, info) for target in choice.targets if target != BASE)
    return " + ".join([*([base] if choice.has_base else []), *others])


def proof_words(choice: CompareChoice | None, info: EngineInfo | None) -> tuple[str, bool]:
    """What the self-check found, and whether that is bad."""
    if info is None:
        return ("the base is proved when it is loaded" if choice else ""), False
    return info.proof.sentence(), not info.proof.holds


def settings_words(sampling: Sampling) -> str:
    """How every question is asked, of every model alike."""
    how = "greedy" if sampling.temperature == 0 else f"temperature {sampling.temperature:g}"
    return f"{how}, {sampling.max_new_tokens} tokens, seed {sampling.seed}"


def summary_lines(comparison: Comparison) -> Iterator[Line]:
    """Verdict, what makes it worth less, what else was found, figures a model and a tag, and what was compared."""
    yield "Verdict", HEADING
    yield from ((sentence, "bold") for sentence in verdicts(comparison.summary))
    yield from ((f"warning: {text}", "$text-warning") for text in warnings(comparison))
    yield from ((text, "") for text in notes(comparison))
    for title, sentences in opinions(comparison):
        yield from _part(title, sentences)
    yield from _part("Models", map(_target_line, comparison.summary.targets))
    for difference in comparison.summary.differences:
        yield from _part(f"Tags: base → {difference.target}", _tag_lines(difference.tags))
    yield from _part("What was compared", (f"{name}: {value}" for name, value in header(comparison)))


def _part(title: str, lines: Iterable[str]) -> Iterator[Line]:
    """A heading with its lines; nothing without lines."""
    found = tuple(lines)
    if found:
        yield "", ""
        yield title, HEADING
        yield from ((line, "") for line in found)


def _tag_lines(tags: Iterable[TagDifference]) -> Iterator[str]:
    """A table: of each tag that has a score the means, the mean gain with its interval, and won/tied/lost."""
    rows = [tag for tag in tags if tag.paired.scored]
    if rows:
        yield f"{'tag':<16} {'asked':>5} {'base':>6} {'adapter':>7}  {'gain':>6} {'interval':^16}  won/tied/lost"
    for tag in rows:
        found = tag.paired
        interval = f"{found.low or 0:+.2f} to {found.high or 0:+.2f}"
        yield (
            f"{one_line(tag.tag, 16):<16} {found.scored:>5} {number(tag.base_mean):>6} "
            f"{number(tag.adapter_mean):>7}  {found.mean or 0:>+6.2f} {interval:^16}  "
            f"{found.wins}/{found.ties}/{found.losses}"
        )


def _served(target: str, info: EngineInfo | None) -> str:
    kind = info.serving.get(target, "mixed") if info else "mixed"
    return f"{target} ({APART[kind]})" if kind in APART else target


def _target_line(target: TargetSummary) -> str:
    score = (
        f"mean score {number(target.mean_score)} on {target.scored}" if target.scored else "nothing scored"
    )
    failed = f", {target.failed} failed" if target.failed else ""
    return f"{target.target}: {score}, {target.answers} answers{failed}, {target.tokens} tokens"
