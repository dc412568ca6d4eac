"""`phi runs …`: the run store. RUN is an id, a unique prefix, a path or `latest`."""

import sys
from typing import Any

from phi_core.cli.flags import Json, RunsDir
from phi_core.cli.output import ago, duration, number, print_json, say, table
from phi_core.cli.queue import look_after
from phi_core.cli.run_analysis import in_short
from phi_core.cli.watching import (
    ending,
    exit_status,
    follow,
    loss_plot,
    progress_line,
    run_summary,
    start_and_follow,
)
from phi_core.errors import RequestError
from phi_core.jobs.training_job import ask, resume_run
from phi_core.plain_text import plain
from phi_core.runs.analysis import analyse
from phi_core.runs.figures import figures
from phi_core.runs.reader import Run
from phi_core.runs.store import LATEST, RunStore, runs_root


def list_runs(*, json: Json = False, runs_dir: RunsDir = None) -> int:
    """All runs, newest first."""
    runs = _store(runs_dir).runs()
    if json:
        print_json([run_summary(run) for run in runs])
    elif runs:
        say(
            table(
                ("run", "state", "step", "loss", "validation", "left", "created"), [_row(run) for run in runs]
            )
        )
    else:
        say(f"No runs in {runs_root(runs_dir)}. Start one: phi train CONFIG.yaml")
    return 0


def show(run: str = LATEST, /, *, json: Json = False, runs_dir: RunsDir = None) -> int:
    """One run: state, losses, plot, and what to do next."""
    found = _store(runs_dir).find(run)
    if json:
        about = {
            "about": dict(found.about),
            "config": dict(found.config),
            "figures": figures(found).as_json(),
        }
        print_json({**run_summary(found), **about, "analysis": analyse(found).as_json()})
        return 0
    say(f"run {found.id} · {found.path}")
    for name in ("name", "tags", "note"):
        if found.labels.get(name):
            say(f"{name}: {found.labels[name]}")
    say(progress_line(found))
    say(ending(found) if not found.is_live else f"Watch it: phi runs watch {found.id}")
    say(loss_plot(found))
    say(in_short(analyse(found)))
    return 0


def watch(run: str = LATEST, /, *, runs_dir: RunsDir = None) -> int:
    """Follow a run to its end. Ctrl-C ends the watching, not the run."""
    return exit_status(follow(_store(runs_dir).path_of(run)))


def stop(run: str = LATEST, /, *, runs_dir: RunsDir = None) -> int:
    """End a run after its current step, with a checkpoint that it can be resumed from."""
    return _ask(run, runs_dir, "stop")


def pause(run: str = LATEST, /, *, runs_dir: RunsDir = None) -> int:
    """Write a checkpoint and leave the device; `phi runs continue` goes on."""
    return _ask(run, runs_dir, "pause")


def checkpoint(run: str = LATEST, /, *, runs_dir: RunsDir = None) -> int:
    """Write a checkpoint after the current step."""
    return _ask(run, runs_dir, "checkpoint")


def resume(
    run: str = LATEST, /, *, detach: bool = False, json: Json = False, runs_dir: RunsDir = None
) -> int:
    """Go on after the newest checkpoint, as if the run had never ended.

    Parameters
    ----------
    detach
        Return at once; the run goes on.
    """
    found = _store(runs_dir).find(run)
    if detach:
        step = resume_run(found)
        print_json({"id": found.id, "from_step": step}) if json else say(
            f"{found.id} goes on after step {step}"
        )
        return 0
    out = sys.stderr if json else sys.stdout
    ended = start_and_follow(found.path, lambda: resume_run(found), out=out)
    if json:
        print_json(run_summary(ended))
    return exit_status(ended)


def continue_run(
    run: str = LATEST, /, *, detach: bool = False, json: Json = False, runs_dir: RunsDir = None
) -> int:
    """Go on with a paused run.

    Parameters
    ----------
    detach
        Return at once; the run goes on.
    """
    return resume(run, detach=detach, json=json, runs_dir=runs_dir)


def label(
    run: str,
    /,
    *,
    name: str | None = None,
    tag: list[str] | None = None,
    note: str | None = None,
    runs_dir: RunsDir = None,
) -> int:
    """Give a run a name, tags or a note.

    Parameters
    ----------
    name
        Shown instead of the id.
    tag
        A tag; repeat it for several. They replace the old ones.
    note
        Free text.
    """
    store = _store(runs_dir)
    changes = {"name": name, "tags": tag, "note": note}
    store.label(store.find(run), {key: value for key, value in changes.items() if value is not None})
    return 0


def delete(run: str, /, *, yes: bool = False, runs_dir: RunsDir = None) -> int:
    """Delete a run's folder.

    Parameters
    ----------
    yes
        Do not ask.
    """
    store = _store(runs_dir)
    found = store.find(run)
    if not yes and not _confirmed(f"Delete {found.path} for good?"):
        return 1
    store.delete(found)
    say(f"deleted {found.id}")
    return 0


def _confirmed(question: str) -> bool:
    """RequestError if there is nobody to answer."""
    try:
        return input(f"{plain(question)} [y/N] ").strip().lower() == "y"
    except EOFError:
        print()
        raise RequestError("there is nobody to answer", "Add --yes") from None


def _store(runs_dir: str | None) -> RunStore:
    root = runs_root(runs_dir)
    look_after(root)
    return RunStore(root)


def _ask(name: str, runs_dir: str | None, kind: Any) -> int:
    run = _store(runs_dir).find(name)
    ask(run, kind)
    say(f"asked {run.id}: {kind}")
    return 0


def _row(run: Run) -> tuple[str, ...]:
    summary, left = run_summary(run), run.seconds_left
    return (
        run.name if run.name == run.id else f"{run.name} ({run.id})",
        run.state,
        f"{run.step}/{run.total_steps or '?'}",
        number(summary["loss"]),
        number(summary["validation_loss"]),
        duration(left) if left is not None else "–",
        ago(run.created),
    )
