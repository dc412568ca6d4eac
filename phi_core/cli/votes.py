"""`phi votes`: blind votes on the answers of a comparison, one line a vote, in a plain terminal or from a pipe."""

import sys
from collections.abc import Sequence
from pathlib import Path

from phi_core.cli.flags import Json, RunsDir
from phi_core.cli.output import print_json, say
from phi_core.errors import RequestError
from phi_core.evaluation.batch_folder import BatchFolder, BatchSnapshot, read_batch
from phi_core.evaluation.batch_report import write_batch_report
from phi_core.evaluation.batch_votes import batch_pairs, batch_vote_results, batch_votes
from phi_core.evaluation.preference_pairs import PreferencePairs, preference_pairs, write_preference_pairs
from phi_core.evaluation.votes import (
    Ballot,
    Choice,
    append_vote,
    cast,
    open_ballots,
    rater_of,
    undone,
)
from phi_core.files import user_path
from phi_core.plain_text import plain
from phi_core.runs.store import LATEST, RunStore, runs_root

KEYS: dict[str, Choice] = {"h": "left", "l": "right", "t": "tie", "b": "both_bad"}
HELP = "h left is better · l right is better · t tie · b both bad\nn TEXT note · u undo · q leave"


def votes(
    comparison: str = LATEST,
    /,
    *,
    rater: str | None = None,
    export: str | None = None,
    json: Json = False,
    runs_dir: RunsDir = None,
) -> int:
    """Vote blind on the answers of a comparison: left, right, tie or both bad; and export preference pairs.

    Nothing says whose an answer is. Every vote is kept at once.

    Parameters
    ----------
    comparison
        Folder of a comparison's answers, or a run that has one.
    rater
        Who votes [default: the name of the login]. Everybody votes on every pair.
    export
        A new JSON Lines file of preference pairs (prompt, chosen, rejected). Asks for no votes.
    """
    batch = read_batch(_folder(comparison, runs_dir))
    exported = _export(batch, export) if export is not None else None
    if json:
        pairs = {"pairs": len(exported.rows)} if exported else {}
        print_json({"folder": str(batch.folder), **batch_vote_results(batch).as_json(), **pairs})
    elif exported:
        say(f"wrote {export}: {exported.sentence()}")
    else:
        return _vote_on(batch, rater_of(rater))
    return 0


def _folder(text: str, runs_dir: str | None) -> Path:
    """The folder that was named, or the only one of the run that was named."""
    path = user_path(text)
    if BatchFolder(path).batch.exists():
        return path
    run = RunStore(runs_root(runs_dir)).find(text)
    found = sorted(batch.parent for batch in run.layout.answers.glob("*/batch.json"))
    if len(found) != 1:
        named = ", ".join(map(str, found))
        raise RequestError(
            f"run {run.id} has {len(found)} comparisons" + (f": {named}" if found else ""),
            "Name one of the folders" if found else f"Make one: phi compare --run {run.id} --questions FILE",
        )
    return found[0]


def _export(batch: BatchSnapshot, file: str) -> PreferencePairs:
    found = preference_pairs(batch_pairs(batch), batch_votes(batch), batch.batch.question_set.system)
    write_preference_pairs(user_path(file), found.rows)
    return found


def _vote_on(batch: BatchSnapshot, rater: str) -> int:
    """Ballot after ballot, until none is left or the rater leaves."""
    pairs, status = batch_pairs(batch), 0
    identical = sum(pair.is_identical for pair in pairs)
    say(
        f"{rater} votes on {batch.folder}: {len(pairs)} pairs, of which {identical} are identical and need no vote"
    )
    try:
        while waiting := open_ballots(pairs, batch_votes(batch), rater):
            if not _ballot(batch, waiting):
                break
    except EOFError:
        say()
    except KeyboardInterrupt:
        say()
        status = 130
    _tell_results(batch)
    return status


def _ballot(batch: BatchSnapshot, waiting: Sequence[Ballot]) -> bool:
    """Show one and read lines until it is voted on; False to leave."""
    ballot, note, file = waiting[0], "", BatchFolder(batch.folder).votes
    _show(ballot, left=len(waiting))
    while True:
        key, _, rest = _line().strip().partition(" ")
        if key in KEYS:
            append_vote(file, cast(ballot, KEYS[key], note))
            return True
        if key == "q":
            return False
        if key == "n":
            note = rest.strip()
            say(f"noted: {note}" if note else "no note")
        elif key == "u":
            if _undo(batch, ballot.rater):
                return True
        elif key:
            say(f"no vote {key}\n{HELP}")


def _undo(batch: BatchSnapshot, rater: str) -> bool:
    withdrawal = undone(batch_votes(batch), rater)
    if withdrawal is None:
        say("there is no vote to undo")
        return False
    append_vote(BatchFolder(batch.folder).votes, withdrawal)
    return True


def _show(ballot: Ballot, *, left: int) -> None:
    say(f"\n{left} to go · {ballot.pair.id}\n{ballot.prompt}")
    say(f"\n── left ──\n{ballot.left}\n\n── right ──\n{ballot.right}\n\n{HELP}")


def _line() -> str:
    """The next line, with line editing in a terminal. EOFError at the end of input."""
    if sys.stdin.isatty():
        return input(plain("vote> "))
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _tell_results(batch: BatchSnapshot) -> None:
    """And into the reports, unless the worker is about to write them itself."""
    results = batch_vote_results(batch)
    for sentence in results.sentences() or ("nobody has voted yet",):
        say(sentence)
    if results.raters and not batch.status.is_live:
        write_batch_report(batch.folder)
