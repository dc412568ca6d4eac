"""Reading runs: torn lines wait, a resumed run tells its steps once, and states are derived from what was written."""

import json
import math
import os
import time
from pathlib import Path

import pytest
from run_factory import add_event, make_run, step_data, write_status

from phi_core.errors import RunError
from phi_core.runs.events import event_line
from phi_core.runs.identity import identity_of
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, RunReader, read_run
from phi_core.runs.store import RunStore


def steps_of(run: Run) -> list[int]:
    return [event.step for event in run.of_kind("step")]


def append(path: Path, text: str | bytes) -> None:
    with RunLayout(path).events.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def test_a_finished_run_is_read_whole(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path, "a", steps=20, label="pirate"))
    assert (run.id, run.name, run.state, run.step, run.total_steps) == ("a", "pirate", "finished", 20, 20)
    assert steps_of(run) == list(range(1, 21))
    assert [step for step, _ in run.series("evaluation", "validation_loss")] == [10, 20]
    assert run.config["lora_r"] == 4
    assert run.seconds_left is None and not run.is_live


def test_a_torn_last_line_is_not_yet(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=3, state="running")
    reader = RunReader(path)
    line = event_line("step", 4, step_data(1.0, 4))
    for cut in (1, 20, len(line) - 1):
        append(path, line[:cut])
        assert steps_of(reader.read()) == [1, 2, 3]
        append(path, line[cut:])
        assert steps_of(reader.read())[-1] == 4
        RunLayout(path).events.write_bytes(RunLayout(path).events.read_bytes()[: -len(line)])
        reader = RunReader(path)
    assert steps_of(reader.read()) == [1, 2, 3]


def test_a_character_torn_in_two_is_not_yet(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=1, state="running")
    reader = RunReader(path)
    raw = '{"kind": "warning", "step": 1, "time": 1, "message": "äö"}\n'.encode()
    append(path, raw[:-6])
    assert reader.read().of_kind("warning") == ()
    append(path, raw[-6:])
    assert reader.read().of_kind("warning")[0].data["message"] == "äö"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\x00\x00",
        b"[]",
        b"{}",
        b'{"kind": "step"}',
        b'{"kind": "step", "step": "x", "time": 1}',
        b"\xff",
    ],
)
def test_a_line_that_is_no_event_is_passed_over(tmp_path: Path, line: bytes) -> None:
    path = make_run(tmp_path, "a", steps=2)
    append(path, line + b"\n")
    add_event(path, "step", 3, **step_data(1.0, 3))
    assert steps_of(read_run(path)) == [1, 2, 3]


def test_unknown_kinds_and_fields_pass_unharmed(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=1)
    add_event(path, "dream", 1, colour="green")
    assert read_run(path).of_kind("dream")[0].data == {"colour": "green"}


def test_a_resumed_run_tells_its_steps_once(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=20)
    reader = RunReader(path)
    assert steps_of(reader.read())[-1] == 20
    add_event(path, "plan", 12, from_step=12, total_steps=20)
    assert steps_of(reader.read()) == list(range(1, 13))
    for step in (13, 14):
        add_event(path, "step", step, loss=9.0)
    add_event(path, "evaluation", 14, validation_loss=8.0)
    for run in (reader.read(), read_run(path)):
        assert steps_of(run) == list(range(1, 15))
        assert run.series("step", "loss")[-2:] == [(13, 9.0), (14, 9.0)]
        assert [step for step, _ in run.series("evaluation", "validation_loss")] == [10, 14]


def test_what_was_asked_and_warned_survives_a_resume(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=5)
    add_event(path, "control", 5, request="stop")
    add_event(path, "warning", 5, message="odd")
    add_event(path, "plan", 2, from_step=2)
    run = read_run(path)
    assert len(run.of_kind("control")) == len(run.of_kind("warning")) == 1
    assert len(run.of_kind("plan")) == 2


def test_a_journal_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=5)
    reader = RunReader(path)
    reader.read()
    beside = tmp_path / "beside"
    beside.write_text(event_line("step", 1, {"loss": 7.0}))
    os.replace(beside, RunLayout(path).events)
    assert reader.read().series("step", "loss") == [(1, 7.0)]


def test_numbers_that_are_not_finite_come_back(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", losses=[1.0, math.inf, math.nan, -math.inf])
    values = [value for _, value in read_run(path).series("step", "loss")]
    assert values[:2] == [1.0, math.inf] and math.isnan(values[2]) and values[3] == -math.inf
    assert "NaN" not in RunLayout(path).events.read_text()


def test_truth_values_and_texts_are_no_numbers(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=0)
    add_event(path, "step", 1, loss=True)
    add_event(path, "step", 2, loss="low")
    add_event(path, "step", 3, loss=None)
    assert read_run(path).series("step", "loss") == []


def test_a_hundred_thousand_events_are_read_little_by_little(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=0, state="running", total_steps=100_000)
    reader = RunReader(path)
    reader.read()
    for start in range(0, 100_000, 20_000):
        lines = [event_line("step", step, {"loss": 1 / step}) for step in range(start + 1, start + 20_001)]
        append(path, "".join(lines))
        before = reader._offset
        assert len(reader.read().of_kind("step")) == start + 20_000
        assert reader._offset - before == sum(map(len, lines))
    assert reader.read().last("step").number("loss") == 1 / 100_000  # type: ignore[union-attr]


@pytest.mark.parametrize("state", ["running", "created", "paused", "finished", "stopped", "failed"])
def test_a_state_is_as_written_while_its_process_lives(tmp_path: Path, state: str) -> None:
    assert read_run(make_run(tmp_path, "a", state=state, alive=True)).state == state


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("running", "lost"),
        ("created", "lost"),
        ("paused", "paused"),
        ("finished", "finished"),
        ("failed", "failed"),
    ],
)
def test_a_run_without_its_process_is_lost_only_if_it_should_have_one(
    tmp_path: Path, state: str, shown: str
) -> None:
    path = make_run(tmp_path, "a", state=state, alive=False)
    before = RunLayout(path).status.read_bytes()
    assert read_run(path).state == shown
    assert RunLayout(path).status.read_bytes() == before


@pytest.mark.parametrize(
    "change", [{"start_time": 1.0}, {"boot_id": "another"}, {"pid": 2**22 + 1}, {"pid": None}]
)
def test_a_reused_process_number_is_another_process(tmp_path: Path, change: dict[str, object]) -> None:
    path = make_run(tmp_path, "a", state="running")
    mine = identity_of(os.getpid()).as_json()
    RunLayout(path).status.write_text(json.dumps({"state": "running", "step": 1, **mine}))
    assert read_run(path).state == "running"
    RunLayout(path).status.write_text(json.dumps({"state": "running", "step": 1, **mine, **change}))
    assert read_run(path).state == "lost"


def test_a_run_whose_worker_has_not_written_yet_is_created_and_later_lost(tmp_path: Path) -> None:
    for age, state in ((0.0, "created"), (3600.0, "lost")):
        path = make_run(tmp_path, f"aged-{age:g}", created=time.time() - age)
        RunLayout(path).status.unlink()
        assert read_run(path).state == state


@pytest.mark.parametrize(
    "status", ["", "{", "[]", "[1]", "null", '{"state": "dancing"}', '{"state": 3, "step": "x"}']
)
def test_a_status_that_is_none_leaves_a_run_that_can_be_read(tmp_path: Path, status: str) -> None:
    path = make_run(tmp_path, "a", created=1.0)
    RunLayout(path).status.write_text(status)
    assert read_run(path).state == "lost"


def test_a_folder_without_run_json_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"holds no run: run\.json is missing or broken"):
        RunReader(tmp_path)


def test_a_run_of_a_newer_format_is_refused_and_a_broken_file_too(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a")
    for content, said in (
        ('{"format": 2}', "format 2, newer than 1"),
        ("[]", "holds no run"),
        ("{", "holds no run"),
    ):
        RunLayout(path).run_json.write_text(content)
        with pytest.raises(RunError, match=said):
            RunReader(path)


@pytest.mark.parametrize(
    "about", ['{"format": "x"}', '{"format": 1, "created": "y"}', '{"format": null}', "{}"]
)
def test_a_run_json_with_odd_values_is_broken(tmp_path: Path, about: str) -> None:
    path = make_run(tmp_path, "a")
    RunLayout(path).run_json.write_text(about)
    with pytest.raises(RunError, match=r"run\.json is missing or broken"):
        read_run(path)
    assert RunStore(tmp_path).runs() == []


@pytest.mark.parametrize("content", ["[1]", "3", '"x"'])
def test_labels_that_are_none_are_no_labels(tmp_path: Path, content: str) -> None:
    path = make_run(tmp_path, "a")
    RunLayout(path).labels.write_text(content)
    assert read_run(path).name == "a"


def test_the_adapter_is_the_final_one_else_the_newest_checkpoints(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a")
    assert read_run(path).adapter is None
    for name in ("step-000002", "step-000010", ".writing", "step-000011.tmp"):
        (path / "checkpoints" / name).mkdir(parents=True)
    assert read_run(path).adapter == path / "checkpoints" / "step-000010"
    (path / "final_adapter").mkdir()
    assert read_run(path).adapter == path / "final_adapter"


def test_time_left_is_the_mean_of_recent_steps_times_what_remains(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", state="running", steps=5, total_steps=25)
    assert read_run(path).seconds_left == pytest.approx(20 * 0.5)
    write_status(path, state="running", step=25, total_steps=25)
    assert read_run(path).seconds_left == 0
