"""Amendments: what a person changed in a live run, as data, and the plan that follows from it.

Each is a `control` event with the step after which it holds. The first `step` steps keep their courses, those after it
have the courses of the amended configuration: so a run that is resumed lays out just what it would have gone on with.
Pure: a plan and events in, a plan and courses out.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from phi_core.errors import RunError
from phi_core.planning.courses import Courses
from phi_core.planning.run_plan import RunPlan
from phi_core.runs.reader import Run

KINDS = ("set_learning_rate", "extend")


@dataclass(frozen=True)
class Amendment:
    """`value` is the new peak learning rate, or the number of steps to add."""

    kind: str
    value: float
    step: int


@dataclass(frozen=True)
class Amended:
    """A plan as it now is, and the courses of all its steps, past ones as they were."""

    plan: RunPlan
    courses: Courses


def recorded(run: Run) -> tuple[Amendment, ...]:
    """The amendments in a run's events, in the order in which they were made."""
    made = []
    for event in run.of_kind("control"):
        kind = str(event.data.get("request"))
        value = event.number("value" if kind == "set_learning_rate" else "steps")
        if kind in KINDS and value is not None:
            made.append(Amendment(kind, value, event.step))
    return tuple(made)


def replayed(plan: RunPlan, amendments: Iterable[Amendment]) -> Amended:
    """A run's plan after all its amendments."""
    state = Amended(plan, plan.courses)
    for amendment in amendments:
        state = amended(state, amendment)
    return state


def amended(state: Amended, amendment: Amendment) -> Amended:
    """The plan after one more amendment. RunError with the reason if it cannot be made."""
    if amendment.kind == "set_learning_rate":
        config = state.plan.config.model_copy(update={"learning_rate": amendment.value})
        plan = replace(state.plan, config=config)
    else:
        plan = extended(state.plan, round(amendment.value), after=amendment.step)
    return Amended(plan, _joined(state.courses, plan.courses, amendment.step))


def extended(plan: RunPlan, steps: int, *, after: int) -> RunPlan:
    """The plan with so many more steps. RunError if its first `after` steps would be others than those already done."""
    total = plan.steps.num_steps + steps
    epochs = plan.config.epochs * math.ceil(total / plan.steps.num_steps + 1)
    budget = {"epochs": math.ceil(epochs), "max_steps": total, "max_tokens": None}
    longer = plan.laid_out(plan.config.model_copy(update=budget))
    if longer.steps.num_steps != total or not longer.steps.begins_like(plan.steps, after):
        raise RunError(
            f"a plan of {total} steps would not begin with the {after} steps that are done",
            "Steps depend on the run's length where a batch grows, sources have weights, or the last epoch is a fraction: "
            "start a new run with more epochs",
        )
    return longer


def _joined(before: Courses, then: Courses, step: int) -> Courses:
    """The values of `before` up to a step, those of `then` from there on."""
    return Courses(
        **{
            course.name: getattr(before, course.name)[:step] + getattr(then, course.name)[step:]
            for course in fields(Courses)
        }
    )
