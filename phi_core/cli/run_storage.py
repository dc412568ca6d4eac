"""`phi runs storage` and `phi runs clean`: what runs and caches take on the disk, and freeing some of it."""

import sys
from pathlib import Path
from typing import Any

from phi_core.cli.flags import Json, RunsDir, Whole
from phi_core.cli.output import ago, memory, print_json, say, table
from phi_core.errors import RequestError
from phi_core.files import GIB
from phi_core.runs.storage import Removal, Rules, Use, removals, remove, storage
from phi_core.runs.store import runs_root
from phi_core.samples.cached import PreparedUse, forget, prepared_uses

MOST_CHECKPOINTS, MOST_DAYS = 10_000, 36_500.0


def show_storage(*, json: Json = False, runs_dir: RunsDir = None) -> int:
    """What each run takes on the disk, by kind, and what prepared data takes."""
    root = runs_root(runs_dir)
    uses, cached = storage(root), prepared_uses()
    if json:
        print_json(_storage_record(root, uses, cached))
    else:
        _print_storage(root, uses, cached)
    return 0


def clean(
    *,
    keep_checkpoints: Whole | None = None,
    failed: bool = False,
    cache: bool = False,
    older_than: float = 0.0,
    with_adapters: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    json: Json = False,
    runs_dir: RunsDir = None,
) -> int:
    """Free disk space: old checkpoints, failed runs, prepared data. Shows what would go, then asks.

    Live and queued runs are left alone, and so are final adapters and best checkpoints unless asked.

    Parameters
    ----------
    keep_checkpoints
        Of every run remove all checkpoints but the newest so many and the best one.
    failed
        Remove failed and lost runs that have no adapter.
    cache
        Remove prepared data; it is prepared again when it is needed.
    older_than
        Only what was not used for so many days.
    with_adapters
        Best checkpoints may go too, and with --failed runs that have an adapter.
    dry_run
        Only show what would go.
    yes
        Do not ask.
    """
    _require_sensible(keep_checkpoints, older_than, named=failed or cache or keep_checkpoints is not None)
    root = runs_root(runs_dir)
    rules = Rules(keep_checkpoints, failed, older_than, with_adapters)
    plan = removals(root, rules)
    cached = prepared_uses(idle_days=older_than) if cache else ()
    if not json:
        _print_plan(plan, cached)
    carry_out = bool(plan or cached) and not dry_run and _agreed(yes, json=json)
    done = remove(root, plan) if carry_out else ()
    gone = forget(cached) if carry_out else ()
    freed = sum(item.bytes for item in done) + sum(item.bytes for item in gone)
    if json:
        print_json(
            {
                "removals": [_removal_record(item) for item in plan]
                + [_cache_record(item) for item in cached],
                "done": len(done) + len(gone),
                "freed_bytes": freed,
            }
        )
    elif carry_out:
        say(f"freed {_size(freed)}")
    return 0 if carry_out or dry_run or not (plan or cached) else 1


def _require_sensible(keep: int | None, days: float, *, named: bool) -> None:
    if not named:
        raise RequestError("nothing is named to be freed", "Give --keep_checkpoints N, --failed or --cache")
    if keep is not None and not 0 <= keep <= MOST_CHECKPOINTS:
        raise RequestError(f"--keep_checkpoints {keep} is not from 0 to {MOST_CHECKPOINTS}")
    if not 0 <= days <= MOST_DAYS:
        raise RequestError(f"--older_than {days} is not from 0 to {MOST_DAYS:g} days")


def _agreed(yes: bool, *, json: bool) -> bool:
    """RequestError if there is nobody to ask."""
    if yes:
        return True
    if json or not sys.stdin.isatty():
        raise RequestError("there is nobody to ask", "Add --yes to free it, or --dry_run to look only")
    return input("Free this for good? [y/N] ").strip().lower() == "y"


def _print_storage(root: Path, uses: tuple[Use, ...], cached: tuple[PreparedUse, ...]) -> None:
    rows = [(use.run.name, use.state, *map(_size, _shown(use))) for use in uses]
    sums = map(sum, zip(*map(_shown, uses), strict=True))
    header = ("run", "state", "checkpoints", "adapter", "other", "total")
    say(table(header, [*rows, ("all runs", "", *map(_size, sums))]) if rows else f"No runs in {root}.")
    total = sum(item.bytes for item in cached)
    say(f"prepared data: {len(cached)} datasets, {_size(total)}")
    say("Free some: phi runs clean --keep_checkpoints 1 --dry_run")
    say("           phi runs clean --cache --older_than 30 --dry_run")


def _shown(use: Use) -> tuple[int, int, int, int]:
    """What fits on a line; the JSON has every kind."""
    return use.checkpoints, use.final_adapter, use.answers + use.trackers + use.records, use.total


def _print_plan(plan: tuple[Removal, ...], cached: tuple[PreparedUse, ...]) -> None:
    rows = [(item.run.name, item.why, item.path.name, _size(item.bytes)) for item in plan]
    rows += [
        ("prepared data", f"used {ago(item.used)}", item.folder.name[:16], _size(item.bytes))
        for item in cached
    ]
    if not rows:
        say("Nothing to free by these rules.")
        return
    total = sum(item.bytes for item in plan) + sum(item.bytes for item in cached)
    say(table(("of", "what", "folder", "size"), [*rows, ("together", "", "", _size(total))]))


def _storage_record(root: Path, uses: tuple[Use, ...], cached: tuple[PreparedUse, ...]) -> dict[str, Any]:
    runs = [{**use.__dict__, "run": use.run.name, "path": str(use.run), "total": use.total} for use in uses]
    return {
        "root": str(root),
        "runs": runs,
        "total_bytes": sum(use.total for use in uses),
        "prepared": [_cache_record(item) for item in cached],
        "prepared_bytes": sum(item.bytes for item in cached),
    }


def _removal_record(item: Removal) -> dict[str, Any]:
    return {"kind": item.why, "run": item.run.name, "path": str(item.path), "bytes": item.bytes}


def _cache_record(item: PreparedUse) -> dict[str, Any]:
    return {"kind": "prepared data", "path": str(item.folder), "bytes": item.bytes, "used": item.used}


def _size(count: int) -> str:
    return (
        f"{count} B" if count < 1024 else f"{count / 1024:.0f} KiB" if count < 2**20 else memory(count / GIB)
    )
