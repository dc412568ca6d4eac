"""The journal in columns: read little by little it equals one read at once, whatever the file holds; views stay as they are."""

import json
import math
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from run_factory import add_event, make_run, step_data

from phi_core.runs import events
from phi_core.runs.events import event_line, event_of, record_from
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, RunReader, read_run
from phi_core.runs.series import Series, finite, not_finite_note, thinned
from phi_core.runs.store import RunStore

ODD_STEPS: tuple[dict[str, Any], ...] = (
    {"loss": 1.5, "epoch": 1},
    {"loss": math.nan, "grad_norm": math.inf, "epoch": 0.5},
    {"loss": "low", "flag": True, "nothing": None, "tokens_by_source": {"a": 3, "b": 1.5}},
    {"trained_tokens": 2**53 + 1, "few": -3, "list": [1, 2]},
    {"trained_tokens": 10**400},
    {},
)


def line(kind: str, step: int, data: dict[str, Any]) -> bytes:
    return event_line(kind, step, data).encode()


def everything(run: Run) -> list[tuple[object, ...]]:
    """All events with all types, in order; NaN is equal to itself."""
    return in_words(run.events)


def in_words(told: Sequence[events.Event]) -> list[tuple[object, ...]]:
    return [(event.kind, event.step, event.time, repr(sorted(event.data.items()))) for event in told]


def journal(rng: random.Random) -> bytes:
    """A run's journal as a bad day leaves it: resumed, with torn lines and lines that are no events."""
    told, step = [line("plan", 0, {"from_step": 0, "total_steps": 900})], 0
    for _ in range(400):
        step += 1
        told.append(line("step", step, rng.choice([step_data(1 / step, step), rng.choice(ODD_STEPS)])))
        if step % 10 == 0:
            told.append(line("evaluation", step, {"validation_loss": rng.random()}))
        if rng.random() < 0.05:
            told.append(
                rng.choice(
                    [b'{"kind": "st\n', b"[]\n", b"\n", b"\xff\n", line("warning", step, {"message": "ä"})]
                )
            )
        if rng.random() < 0.01:
            step = rng.randrange(step)
            told.append(line("plan", step, {"from_step": step}))
    return b"".join(told)


def in_order(raw: bytes) -> list[tuple[object, ...]]:
    """What the events say without columns: the plain reading of the format."""
    kept: list[events.Event] = []
    for one in raw.split(b"\n"):
        if (record := record_from(one)) is None:
            continue
        event = event_of(record)
        if event.kind == "plan":
            again = ("step", "evaluation", "sample", "checkpoint")
            last = int(event.data.get("from_step", 0))
            kept = [other for other in kept if other.step <= last or other.kind not in again]
        kept.append(event)
    return in_words(kept)


@pytest.mark.parametrize("seed", range(4))
def test_read_in_pieces_it_equals_one_read_at_once(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path, raw = make_run(tmp_path, "a", steps=0, state="running"), journal(rng)
    journal_file = RunLayout(path).events
    journal_file.write_bytes(b"")
    reader, place = RunReader(path), 0
    while place < len(raw):
        place += rng.choice([1, 7, 300, 5000, 40_000])
        journal_file.write_bytes(raw[:place])
        reader.read()
    fresh = read_run(path)
    assert everything(reader.read()) == everything(fresh)
    assert in_order(raw) == everything(fresh)
    assert [e.kind for e in fresh.besides_steps()] == [e.kind for e in fresh.events if e.kind != "step"]
    for name in ("loss", "epoch", "trained_tokens", "validation_loss"):
        for kind in ("step", "evaluation"):
            pairs = [(e.step, e.number(name)) for e in fresh.of_kind(kind)]
            assert str(list(fresh.series(kind, name))) == str([pair for pair in pairs if pair[1] is not None])


def test_many_lines_are_read_by_the_quick_parser_as_by_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [one for seed in range(3) for one in journal(random.Random(seed)).split(b"\n")]
    lines += [
        b'{"kind": "warning", "step": 1, "time": 2.5, "message": "\\ud800 \\u00e4"}',
        b'{"kind": "x", "step": 1e3, "time": 1}',
    ]
    one_by_one = [record for one in lines if (record := events.record_from(one))]
    assert str(events.records_from(lines)) == str(one_by_one)
    sound = [event_line("step", step, step_data(random.random(), step)).encode() for step in range(1, 400)]
    assert events.records_from(sound) == [json.loads(one) for one in sound]


def test_a_view_stays_as_it_is_while_more_is_read(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=20, state="running")
    reader = RunReader(path)
    before = reader.read()
    told = everything(before)
    add_event(path, "step", 21, **step_data(1.0, 21))
    assert len(reader.read().events) == len(before.events) + 1
    add_event(path, "plan", 5, from_step=5)
    assert [event.step for event in reader.read().of_kind("step")] == [1, 2, 3, 4, 5]
    assert everything(before) == told
    assert before.events[-1].step == 20 and before.last("step").step == 20  # type: ignore[union-attr]


def test_a_rewritten_journal_is_read_anew_and_only_then(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=30)
    reader = RunReader(path)
    events_before = reader.read().events
    assert reader.read().events is events_before
    beside = tmp_path / "beside"
    beside.write_bytes(line("step", 7, {"loss": 7.0}))
    os.replace(beside, RunLayout(path).events)
    assert everything(reader.read()) == everything(read_run(path))


def test_a_run_that_has_ended_is_the_same_snapshot_until_a_file_changes(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", steps=5)
    for file in (path, *path.iterdir()):
        os.utime(file, (1000.0, 1000.0))
    store = RunStore(tmp_path)
    [before] = store.runs()
    assert store.runs()[0] is before
    store.label(before, {"name": "pirate"})
    assert store.runs()[0].name == "pirate"


def test_a_live_run_is_read_again_each_time(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", state="running")
    for file in path.iterdir():
        os.utime(file, (1000.0, 1000.0))
    reader = RunReader(path)
    assert reader.read() is not reader.read()


def test_a_series_is_a_sequence_of_pairs() -> None:
    series = Series.of([(1, 2.0), (2, math.nan), (3, 5.0)])
    assert next(iter(series)) == (1, 2.0) and series[-1] == (3, 5.0) and len(series[1:]) == 2
    assert finite(series) == [(1, 2.0), (3, 5.0)]
    assert not_finite_note(series) == "not finite at step 2"
    huge = Series.of([(1, 1e308), (2, 1e308)])
    assert huge.is_finite and not_finite_note(huge) == ""


def test_thinning_a_series_equals_thinning_pairs() -> None:
    rng = random.Random(1)
    pairs = [(step, rng.choice([rng.random(), math.nan, math.inf])) for step in range(1, 5000)]
    assert thinned(Series.of(pairs), 100) == thinned(pairs, 100)
