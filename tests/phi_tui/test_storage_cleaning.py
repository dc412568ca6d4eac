"""What the storage dialog would free, in numbers and words: the same functions as on the command line."""

from pathlib import Path

import pytest
from run_factory import make_run

from phi_core.runs.layout import RunLayout
from phi_core.runs.storage import Rules, removals
from phi_tui.storage_text import freed_line, going_line, going_text, size, used_text, wish_lines
from phi_tui.storage_work import Going, Wish, freed, going, used


def _with_checkpoints(root: Path, name: str, *steps: int) -> Path:
    path = make_run(root, name)
    for step in steps:
        folder = RunLayout(path).checkpoint(step)
        folder.mkdir(parents=True)
        (folder / "adapter.bin").write_bytes(b"x" * 2048)
    (path / "final_adapter").mkdir()
    return path


def test_nothing_goes_before_somebody_wishes_for_it(tmp_path: Path) -> None:
    _with_checkpoints(tmp_path, "run", 10, 20)
    plan = going(tmp_path, Wish())
    assert plan.count == 0 and Wish().is_empty
    assert going_line(plan) == "Nothing is chosen to go yet."


def test_what_would_go_is_what_the_command_line_would_remove(tmp_path: Path) -> None:
    path = _with_checkpoints(tmp_path, "run", 10, 20, 30)
    wish = Wish().other_keep().other_keep()
    plan = going(tmp_path, wish)
    assert plan.folders == removals(tmp_path, Rules(keep_checkpoints=1))
    assert going_line(plan) == "4 KiB in 2 folders would be freed."
    assert "run  checkpoint step-000010" in going_text(plan)
    done = freed(tmp_path, plan)
    assert RunLayout(path).checkpoint_steps() == [30]
    assert freed_line(done, plan) == "Freed 4 KiB"


def test_what_came_to_life_is_passed_over(tmp_path: Path) -> None:
    path = _with_checkpoints(tmp_path, "run", 10, 20)
    plan = going(tmp_path, Wish(Rules(keep_checkpoints=1)))
    make_run(tmp_path, "other", state="running")
    (tmp_path / "other" / "status.json").rename(path / "status.json")
    done = freed(tmp_path, plan)
    assert done.count == 0 and freed_line(done, plan) == "Freed 0 B; 1 passed over: in use again, or gone"


def test_failed_runs_go_by_their_whole_folder_and_use_names_each_run(tmp_path: Path) -> None:
    make_run(tmp_path, "broken", state="failed")
    _with_checkpoints(tmp_path, "run", 10)
    assert "broken  failed run without any adapter" in going_text(going(tmp_path, Wish().other_failed()))
    told = used_text(used(tmp_path))
    assert "2 runs together" in told and "run  finished: checkpoints 2 KiB" in told


def test_every_choice_says_what_it_is_and_comes_back() -> None:
    wish = Wish()
    for _ in range(4):
        wish = wish.other_keep()
    for _ in range(3):
        wish = wish.other_days()
    assert wish.other_failed().other_failed().other_adapters().other_adapters() == Wish()
    assert wish.other_prepared().other_prepared() == Wish()
    assert [key for key, _ in wish_lines(wish)] == ["c", "f", "p", "o", "a"]
    assert not Going(wish).count


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (2048, "2 KiB"), (5 * 2**30, "5 GiB"), (999 * 2**20, "999 MiB")],
)
def test_sizes_are_short(count: int, words: str) -> None:
    assert size(count) == words
