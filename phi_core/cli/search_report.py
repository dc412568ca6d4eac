"""What a search found, as text and as one JSON document: the trials, the repeats, the verdict, and what to train next."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from phi_core.cli.output import number, table
from phi_core.model_files.folder import DEMO, locate, read_json
from phi_core.plain_text import one_line
from phi_core.search.space import as_flags, typed
from phi_core.search.study import Request, Result
from phi_core.search.trials import UNCHANGED, Trial

DIGITS = 5
TOY = "Measured on the bundled demo model, a toy: this says how the search works, and nothing about other models."
UNFINISHED = {
    "time": "The time is up: there is no verdict yet. The same command goes on.",
    "interrupted": "Interrupted: there is no verdict yet. The same command goes on where this ended.",
}
CUT_SHORT = "The time ended the search before all trials; the same command goes on with the others."


def report_text(
    folder: Path,
    request: Request,
    result: Result,
    command: Sequence[str],
    given: Mapping[str, Any],
    model_name: str,
) -> str:
    """`command` and `given` are the words and options of a run with the unchanged configuration."""
    parts = [
        _trials_table(request, result),
        _repeats_table(result),
        result.verdict.sentence if result.verdict else UNFINISHED[result.ending],
        CUT_SHORT if result.verdict and result.ending == "time" else "",
        TOY if is_toy(model_name) else "",
        _next(result, command, given),
        f"Runs: phi runs list --runs_dir {shlex.quote(str(folder / 'runs'))}",
    ]
    return "\n" + "\n\n".join(part for part in parts if part)


def report_record(
    folder: Path, request: Request, result: Result, command: Sequence[str], given: Mapping[str, Any]
) -> dict[str, Any]:
    verdict, best = result.verdict, _best(result)
    return {
        "study": str(folder.resolve()),
        "ending": result.ending,
        "method": request.method,
        "seed": request.seed,
        "space": {dimension.name: dimension.text for dimension in request.space},
        "trials": [asdict(trial) for trial in result.searched],
        "repeats": [asdict(trial) for trial in result.repeated],
        "verdict": None
        if verdict is None
        else {
            "is_reliable": verdict.is_reliable,
            "beats_unchanged": verdict.beats_unchanged,
            "best": verdict.best,
            "mean_validation_loss": verdict.mean_loss,
            "settings": verdict.settings,
            "seeds": verdict.seeds,
            "comparisons": [asdict(comparison) for comparison in verdict.comparisons],
            "sentence": verdict.sentence,
        },
        "best": asdict(best) if best else None,
        "command": _command(command, given, best) if best else None,
    }


def is_toy(model_name: str) -> bool:
    """Whether this is the bundled model, in the package or as `phi demo` wrote it out."""
    folder, bundled = locate(model_name), locate(DEMO)
    return bool(folder and bundled and read_json(folder, "config.json") == read_json(bundled, "config.json"))


def _trials_table(request: Request, result: Result) -> str:
    names = [dimension.name for dimension in request.space]
    rows = [
        (
            f"{trial.number} (unchanged)" if trial.number == UNCHANGED else str(trial.number),
            *(typed(trial.values[name]) for name in names),
            number(trial.validation_loss, DIGITS),
            trial.run,
            "" if trial.state == "finished" else f"{trial.state} {one_line(trial.cause)}".strip(),
        )
        for trial in sorted(result.searched, key=lambda trial: (trial.loss, trial.number))
    ]
    return table(("trial", *names, "validation loss", "run", ""), rows)


def _repeats_table(result: Result) -> str:
    if not result.repeated:
        return ""
    seeds = list(dict.fromkeys(trial.seed for trial in result.repeated))
    losses = {trial.key: trial.validation_loss for trial in result.repeated}
    rows = []
    for count in dict.fromkeys(trial.number for trial in result.repeated):
        found = [losses.get((count, seed)) for seed in seeds]
        known = [loss for loss in found if loss is not None]
        mean = fmean(known) if len(known) == len(seeds) else None
        rows.append((str(count), *(number(loss, DIGITS) for loss in found), number(mean, DIGITS)))
    return table(("run again: trial", *(f"seed {seed}" for seed in seeds), "mean"), rows)


def _best(result: Result) -> Trial | None:
    """The verdict's best, else the setting with the lowest loss so far."""
    if result.verdict and result.verdict.best is not None:
        return result.find(result.verdict.best)
    finished = [t for t in result.searched if t.state == "finished" and t.number != UNCHANGED]
    return min(finished, key=lambda trial: (trial.loss, trial.number), default=None)


def _next(result: Result, command: Sequence[str], given: Mapping[str, Any]) -> str:
    best = _best(result)
    if best is None:
        return ""
    if result.verdict is None or result.verdict.best is None:
        what = f"Lowest loss so far, not confirmed with other seeds: trial {best.number}"
    elif result.verdict.beats_unchanged:
        what = f"Train with trial {best.number}"
    else:
        what = f"Trial {best.number}, not shown to be better than what you have"
    return f"{what}:\n  {_command(command, given, best)}"


def _command(command: Sequence[str], given: Mapping[str, Any], trial: Trial) -> str:
    return shlex.join([*command, *as_flags({**given, **trial.values})])
