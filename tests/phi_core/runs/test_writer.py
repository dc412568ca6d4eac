"""The worker's end: what is written is read, and a writer that was killed leaves a readable journal."""

import json
import os
from pathlib import Path

from run_factory import make_run

from phi_core.files import read_json
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run
from phi_core.runs.writer import RunWriter


def test_a_new_writer_says_that_it_lives(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=0, state="created", alive=False)
    writer = RunWriter(path)
    run = read_run(path)
    assert (run.state, run.activity, run.step) == ("created", "starting", 0)
    assert (read_json(writer.layout.status) or {})["pid"] == os.getpid()
    writer.close()


def test_events_are_in_the_file_at_once(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=0)
    writer = RunWriter(path)
    writer.event("step", 1, loss=float("nan"), note="[/red]\x1b\n")
    (event,) = read_run(path).of_kind("step")
    assert event.data == {"loss": "nan", "note": "[/red]\x1b\n"}
    writer.close()


def test_a_torn_line_of_a_killed_writer_is_ended_first(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=2)
    with RunLayout(path).events.open("a") as file:
        file.write('{"kind": "step", "st')
    writer = RunWriter(path)
    writer.event("step", 3, loss=1.0)
    writer.close()
    assert [event.step for event in read_run(path).of_kind("step")] == [1, 2, 3]


def test_the_status_changes_in_place_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=0)
    writer = RunWriter(path)
    writer.status(state="running", step=3, total_steps=9)
    names = {item.name for item in path.iterdir()}
    assert names == {"run.json", "config.yaml", "events.jsonl", "status.json"}
    assert (read_run(path).state, read_run(path).step, writer.current("total_steps")) == ("running", 3, 9)
    writer.close()


def test_a_beat_is_written_now_and_then_only(tmp_path: Path) -> None:
    writer = RunWriter(make_run(tmp_path, "a", steps=0))
    writer.beat(step=1)
    assert json.loads(writer.layout.status.read_text())["step"] == 0
    assert writer.current("step") == 1
    writer.close()
