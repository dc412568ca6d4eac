"""What goes and what stays: by kind of run, by age, never outside the root, never of a run that lives."""

import fcntl
import json
import os
import time
from pathlib import Path

import pytest
from run_factory import make_run, write_status

from phi_core.errors import RunError
from phi_core.runs.layout import RunLayout
from phi_core.runs.storage import DAY, Removal, Rules, removals, remove, storage
from phi_core.runs.store import RunStore

KEEP_ONE = Rules(keep_checkpoints=1)


def with_checkpoints(
    root: Path, name: str, losses: dict[int, float | None], *, final: bool = True, state: str = "finished"
) -> RunLayout:
    """A run with a checkpoint at each step, of 1 000 bytes and a manifest."""
    layout = RunLayout(make_run(root, name, state=state))
    for step, loss in losses.items():
        folder = layout.checkpoint(step)
        folder.mkdir(parents=True)
        (folder / "optimizer.pt").write_bytes(b"x" * 1000)
        (folder / "manifest.json").write_text(json.dumps({"step": step, "validation_loss": loss}))
    if final:
        layout.final_adapter.mkdir()
        (layout.final_adapter / "adapter_model.safetensors").write_bytes(b"x" * 500)
    return layout


def steps_going(plan: tuple[Removal, ...]) -> list[str]:
    return [removal.path.name for removal in plan]


def test_every_byte_of_a_run_is_of_one_kind(tmp_path: Path) -> None:
    layout = with_checkpoints(tmp_path, "run", {10: None, 20: None})
    (layout.answers / "set").mkdir(parents=True)
    (layout.answers / "set" / "report.md").write_bytes(b"x" * 70)
    (use,) = storage(tmp_path)
    files = [path for path in layout.root.rglob("*") if path.is_file()]
    assert use.total == sum(path.stat().st_size for path in files)
    assert use.checkpoints > 2000 and use.final_adapter == 500 and use.answers == 70 and use.records > 0
    assert use.state == "finished" and use.run == layout.root


def test_the_newest_and_the_best_stay(tmp_path: Path) -> None:
    layout = with_checkpoints(tmp_path, "run", {10: 2.0, 20: 1.0, 30: 1.5, 40: 1.7})
    plan = removals(tmp_path, KEEP_ONE)
    assert steps_going(plan) == ["step-000010", "step-000030"]
    assert all(removal.bytes > 1000 for removal in plan)
    assert layout.checkpoint_steps() == [10, 20, 30, 40], "a plan removes nothing"
    assert remove(tmp_path, plan) == plan
    assert layout.checkpoint_steps() == [20, 40] and layout.final_adapter.is_dir()
    assert sorted(path.name for path in layout.checkpoints.iterdir()) == ["step-000020", "step-000040"]


def test_the_best_goes_only_if_asked(tmp_path: Path) -> None:
    with_checkpoints(tmp_path, "run", {10: 1.0, 20: 2.0})
    assert steps_going(removals(tmp_path, Rules(keep_checkpoints=0))) == ["step-000020"]
    both = removals(tmp_path, Rules(keep_checkpoints=0, adapters_too=True))
    assert steps_going(both) == ["step-000010", "step-000020"]


@pytest.mark.parametrize(("state", "final"), [("failed", False), ("lost", False), ("paused", True)])
def test_what_a_run_would_need_stays(tmp_path: Path, state: str, final: bool) -> None:
    """Without a final adapter the newest checkpoint is all there is; a paused run goes on from it."""
    written = "running" if state == "lost" else state
    with_checkpoints(tmp_path, "run", {10: None, 20: None}, final=final, state=written)
    write_status(tmp_path / "run", state=written, step=20, total_steps=40, alive=False)
    rules = Rules(keep_checkpoints=0, adapters_too=True)
    assert steps_going(removals(tmp_path, rules)) == ["step-000010"]


@pytest.mark.parametrize("state", ["created", "running"])
def test_a_live_run_is_left_alone(tmp_path: Path, state: str) -> None:
    with_checkpoints(tmp_path, "run", {10: None, 20: None}, state=state)
    assert removals(tmp_path, Rules(keep_checkpoints=0, failed=True, adapters_too=True)) == ()


def test_a_run_that_was_resumed_since_is_left_alone(tmp_path: Path) -> None:
    layout = with_checkpoints(tmp_path, "run", {10: None, 20: None})
    plan = removals(tmp_path, KEEP_ONE)
    write_status(layout.root, state="running", step=20, total_steps=40)
    assert plan and remove(tmp_path, plan) == () and layout.checkpoint_steps() == [10, 20]


def test_a_run_whose_worker_holds_its_lock_is_left_alone(tmp_path: Path) -> None:
    """Between its start and its first word a worker is seen by its lock alone."""
    layout = with_checkpoints(tmp_path, "run", {10: None, 20: None})
    plan = removals(tmp_path, KEEP_ONE)
    with layout.lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert remove(tmp_path, plan) == ()
    assert remove(tmp_path, plan) == plan


def test_failed_runs_go_whole_unless_they_hold_an_adapter(tmp_path: Path) -> None:
    make_run(tmp_path, "empty", state="failed")
    with_checkpoints(tmp_path, "useful", {10: None}, final=False, state="failed")
    make_run(tmp_path, "good")
    plan = removals(tmp_path, Rules(failed=True))
    assert [removal.path.name for removal in plan] == ["empty"]
    remove(tmp_path, plan)
    assert [run.id for run in RunStore(tmp_path).runs()] in (["useful", "good"], ["good", "useful"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good", "useful"]
    assert steps_going(removals(tmp_path, Rules(failed=True, adapters_too=True))) == ["useful"]


def test_young_runs_are_passed_over(tmp_path: Path) -> None:
    layout = with_checkpoints(tmp_path, "run", {10: None, 20: None})
    week = Rules(keep_checkpoints=1, days=7)
    assert removals(tmp_path, week) == ()
    assert steps_going(removals(tmp_path, week, now=time.time() + 8 * DAY)) == ["step-000010"]
    old = time.time() - 8 * DAY
    for path in (layout.run_json, layout.events, layout.status):
        os.utime(path, (old, old))
    assert steps_going(removals(tmp_path, week)) == ["step-000010"]


def test_what_killed_workers_left_goes(tmp_path: Path) -> None:
    layout = with_checkpoints(tmp_path, "run", {10: None})
    for name in (".writing", ".broken-step-000005"):
        (layout.checkpoints / name).mkdir()
    assert steps_going(removals(tmp_path, KEEP_ONE)) == [".broken-step-000005", ".writing"]
    assert len(remove(tmp_path, removals(tmp_path, KEEP_ONE))) == 2
    assert [path.name for path in layout.checkpoints.iterdir()] == ["step-000010"]


def test_links_and_places_outside_the_root_are_refused(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "runs", tmp_path / "elsewhere"
    root.mkdir()
    layout = with_checkpoints(elsewhere, "run", {10: None, 20: None})
    (root / "link").symlink_to(layout.root)
    assert removals(root, Rules(keep_checkpoints=0, adapters_too=True)) == () and storage(root) == ()
    inside = with_checkpoints(root, "run", {10: None})
    (inside.checkpoints / "step-000099").symlink_to(layout.checkpoint(10))
    outside = (
        Removal(layout.checkpoint(10), layout.root, 1, "checkpoint"),
        Removal(inside.checkpoints / "step-000099", inside.root, 1, "checkpoint"),
        Removal(root / "link", root / "link", 1, "run"),
        Removal(tmp_path, inside.root, 1, "run"),
    )
    for removal in outside:
        with pytest.raises(RunError, match="is not in a run directly under"):
            remove(root, [removal])
    assert layout.checkpoint_steps() == [10, 20]


def test_no_root_is_no_runs(tmp_path: Path) -> None:
    assert storage(tmp_path / "none") == () and removals(tmp_path / "none", KEEP_ONE) == ()
