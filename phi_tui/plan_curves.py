"""What varies over a run's steps, ready to be drawn: every schedule's learning rate beside the others, and the courses of
batch size, dropout and weight decay. Pure data from a plan."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from phi_core.planning.courses import num_warmup_steps, schedule_curves, summary
from phi_core.planning.run_plan import RunPlan
from phi_core.runs.series import Point, thinned
from phi_core.schedules.curves import CURVES
from phi_tui.series import Curves, Line

CHOSEN_COLOUR = "cyan"
OTHER_COLOURS = ("magenta", "yellow", "green", "blue", "red", "gray", "orange")
"""By the place of a schedule in the list."""
COMPARED = frozenset({"linear", "cosine", "golden_decay"})
"""What is drawn beside the chosen schedule until somebody chooses others."""
BESIDE_THE_PLAN = 2


@dataclass(frozen=True)
class ScheduleCurve:
    """`mean` and `final` are shares of the peak."""

    name: str
    points: tuple[Point, ...]
    mean: float
    final: float


@dataclass(frozen=True)
class PlanCurves:
    """`schedules` in the order of the option's words; `courses` are batch size, LoRA dropout and weight decay."""

    chosen: str
    schedules: tuple[ScheduleCurve, ...]
    courses: tuple[Curves, ...]

    def beside(self, others: Collection[str], *, most: int | None = None) -> Curves:
        """The chosen schedule, then the first `most` of the others."""
        names = [self.chosen, *(name for name in self.colours if name != self.chosen and name in others)]
        kept = names if most is None else names[: most + 1]
        points = {curve.name: curve.points for curve in self.schedules}
        lines = tuple(Line(name, points[name], self.colours[name]) for name in kept)
        return Curves("learning rate", lines)

    @property
    def colours(self) -> Mapping[str, str]:
        """The colour of each schedule's curve: the same whatever else is drawn."""
        others = (curve.name for curve in self.schedules if curve.name != self.chosen)
        return {self.chosen: CHOSEN_COLOUR, **dict(zip(others, OTHER_COLOURS, strict=True))}


def plan_curves(plan: RunPlan) -> PlanCurves:
    found = schedule_curves(plan.config, plan.steps)
    return PlanCurves(
        plan.config.schedule,
        tuple(_curve(name, found[name], plan.config.learning_rate) for name in CURVES),
        tuple(_courses(plan)),
    )


def course_facts(plan: RunPlan) -> Iterator[tuple[str, str]]:
    """The warm-up, and whatever else does not stay as it is."""
    config, courses = plan.config, plan.courses
    warm = num_warmup_steps(config, plan.steps)
    if warm:
        yield "warm-up", f"{warm:,} step{'s' if warm != 1 else ''}, {config.warmup_shape}"
    if config.batch_growth != "none":
        largest = max(plan.steps.sizes, default=0)
        yield (
            "growth",
            f"{config.effective_batch_size:,} to {largest:,} records a step ({config.batch_growth})",
        )
    if config.dropout_schedule != "constant":
        yield "dropout", _range(courses.lora_dropout, config.dropout_schedule)
    if config.weight_decay_schedule != "constant":
        yield "decay", _range(courses.weight_decay, config.weight_decay_schedule)


def _curve(name: str, values: tuple[float, ...], peak: float) -> ScheduleCurve:
    found = summary(values)
    return ScheduleCurve(name, _points([peak * value for value in values]), found.mean, found.final)


def _courses(plan: RunPlan) -> Iterator[Curves]:
    config, courses = plan.config, plan.courses
    for title, name, values in (
        ("records a step", config.batch_growth, plan.steps.sizes),
        ("LoRA dropout", config.dropout_schedule, courses.lora_dropout),
        ("weight decay", config.weight_decay_schedule, courses.weight_decay),
    ):
        if len(set(values)) == 1:  # said, and not left to be read off an axis
            yield Curves(
                f"{title}: {values[0]:.4g} at every step", (Line("", _points(values), CHOSEN_COLOUR),)
            )
        else:
            yield Curves(title, (Line(name, _points(values), CHOSEN_COLOUR),))


def _points(values: Sequence[float]) -> tuple[Point, ...]:
    return tuple(thinned(list(enumerate(values, start=1))))


def _range(values: Sequence[float], name: str) -> str:
    return f"{values[0]:.4g} to {values[-1]:.4g} ({name})" if values else name
