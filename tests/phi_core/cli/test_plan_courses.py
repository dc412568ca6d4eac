"""`phi plan` shows what varies over a run, beside what other schedules would do."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from phi_core.cli.plan_courses import course_record, course_rows, schedule_table, steps_line
from phi_core.config.problems import checked
from phi_core.planning.machine import Machine
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.schedules.curves import CURVES

GOLDEN = {
    "schedule": "golden_restarts",
    "schedule_cycles": 2,
    "batch_growth": "golden",
    "dropout_schedule": "golden",
    "weight_decay_schedule": "golden",
    "warmup_steps": 2,
}


@pytest.fixture
def planned(tmp_path: Path, tiny_phi: Path) -> Callable[..., RunPlan]:
    path = tmp_path / "data.jsonl"
    rows = [{"prompt": f"What is {count}?", "response": "Well. " * (1 + count % 5)} for count in range(40)]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    usual = {"model_name": str(tiny_phi), "dataset_path": str(path), "validation_fraction": 0, "epochs": 3}

    def plan(**options: object) -> RunPlan:
        return make_plan(checked({**usual, "batch_size": 2, "gradient_accumulation_steps": 2, **options}))

    return plan


Planned = Callable[..., RunPlan]


def test_what_is_constant_takes_one_line(planned: Planned) -> None:
    plan = planned()
    assert steps_line(plan) == "30 of 4 records (2 × 2)"
    assert list(course_rows(plan)) == [("schedule", "linear, 1 step of warm-up (linear)")]


def test_what_varies_is_shown_with_its_ends(planned: Planned) -> None:
    rows = dict(course_rows(planned(**GOLDEN)))
    assert steps_line(planned(**GOLDEN)).endswith("of 4 records (2 × 2), growing to 6 (golden)")
    assert rows["schedule"] == "golden_restarts, 2 steps of warm-up (linear)"
    assert rows["dropout"].startswith("0.05 to 0.03")
    assert rows["weight decay"].startswith("0.01 to 0.015")


@pytest.mark.parametrize("options", [{"max_steps": 1}, {"epochs": 0.01}, {"largest_effective_batch": 4}])
def test_a_batch_that_never_grows_is_not_said_to(planned: Planned, options: dict[str, object]) -> None:
    plan = planned(batch_growth="golden", **options)
    assert "growing" not in steps_line(plan)
    assert any(problem.where == "batch_growth" for problem in plan.warnings(_machine()))


def test_records_that_never_come_are_counted(planned: Planned) -> None:
    plan = planned(record_weights="fibonacci", record_order="as_given")
    rows = dict(course_rows(plan))
    assert rows["order"] == "as_given"
    assert rows["weights"] == f"fibonacci: {len(set(plan.steps.order))} of 40 records come at least once"
    assert any(problem.where == "record_weights" for problem in plan.warnings(_machine()))


def test_every_schedule_stands_beside_the_chosen_one(planned: Planned) -> None:
    header, *rows = schedule_table(planned(schedule="cosine")).splitlines()
    assert header.split()[-2:] == ["mean", "end"]
    assert rows[0].startswith("* cosine ")
    assert sorted(row[2:].split()[0] for row in rows) == sorted(CURVES)
    assert all(len(row) <= 80 for row in (header, *rows))


def test_the_document_has_each_course_by_step(planned: Planned) -> None:
    plan = planned(**GOLDEN)
    record = json.loads(json.dumps(course_record(plan)))
    count = plan.steps.num_steps
    for name in ("learning_rates", "batch_sizes", "lora_dropouts", "weight_decays"):
        assert len(record[name]) == count, name
    assert sum(record["batch_sizes"]) == len(plan.steps.order) == 120
    assert record["warmup_steps"] == 2 and record["distinct_records"] == 40
    assert set(record["schedules"]) == set(CURVES)
    rates = [rate / plan.config.learning_rate for rate in record["learning_rates"]]
    assert record["schedules"]["golden_restarts"]["mean"] == pytest.approx(sum(rates) / count)
    assert record["schedules"]["golden_restarts"]["final"] == pytest.approx(rates[-1])


def test_a_plan_warns_of_what_has_no_effect(planned: Planned) -> None:
    plan = planned(schedule_power=0.5, schedule="cosine_restarts", schedule_cycles=99)
    said = [problem.where for problem in plan.warnings(_machine())]
    assert {"schedule_power", "schedule_cycles"} <= set(said)


def _machine() -> Machine:
    return Machine(cores=2, free_gib=8.0, total_gib=16.0, gpus=())
