"""`phi runs export`: the metrics of runs as a table."""

from pathlib import Path
from typing import Literal

from phi_core.cli.flags import Json, RunsDir
from phi_core.cli.output import say
from phi_core.errors import RequestError
from phi_core.files import user_path, write_text
from phi_core.plain_text import plain
from phi_core.runs.metrics import csv_text, json_rows, rows
from phi_core.runs.store import LATEST, RunStore, runs_root


def export_metrics(
    *run: str,
    format: Literal["csv", "json"] | None = None,
    out: str | None = None,
    force: bool = False,
    json: Json = False,
    runs_dir: RunsDir = None,
) -> int:
    """Metrics of every step and validation as CSV or JSON, one row a step.

    Without a run: of the latest one.

    Parameters
    ----------
    run
        Runs; the columns of all are united.
    format
        csv or json [default: by the ending of --out, else csv].
    out
        A file [default: standard output].
    force
        Replace the file if it exists.
    """
    store = RunStore(runs_root(runs_dir))
    target = user_path(out) if out else None
    if target is not None:
        _require_free(target, force=force)
    table = rows(store.find(name) for name in run or (LATEST,))
    chosen = "json" if json else format or ("json" if target and target.suffix == ".json" else "csv")
    text = json_rows(table) if chosen == "json" else plain(csv_text(table))
    if target is None:
        say(text.removesuffix("\n"))
    else:
        _write(target, text)
        say(f"{len(table)} rows in {target}")
    return 0


def _require_free(target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise RequestError(f"{target} is a folder", "Name a file")
    if target.exists() and not force:
        raise RequestError(f"{target} exists", "Give another --out, or --force to replace it")
    if not target.parent.is_dir():
        raise RequestError(f"{target.parent} is no folder", "Make it first")


def _write(target: Path, text: str) -> None:
    try:
        write_text(target, text)
    except OSError as error:
        raise RequestError(f"{target} cannot be written: {error.strerror}") from None
