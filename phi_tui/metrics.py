"""The curves that a run can show: which events they come from and how they are named. Data, and one function."""

from dataclasses import dataclass

from phi_core.runs.reader import Run
from phi_tui.series import Curves, Line


@dataclass(frozen=True)
class Source:
    """One line of a metric: the number `field` of all events of `kind`."""

    name: str
    kind: str
    field: str
    colour: str = "cyan"
    dotted: bool = False


@dataclass(frozen=True)
class Metric:
    title: str
    sources: tuple[Source, ...]


METRICS = (
    Metric(
        "loss",
        (
            Source("training", "step", "loss"),
            Source("validation", "evaluation", "validation_loss", "orange", dotted=True),
        ),
    ),
    Metric("learning rate", (Source("by step", "step", "learning_rate"),)),
    Metric("gradient norm", (Source("before clipping", "step", "grad_norm"),)),
    Metric("speed", (Source("tokens per second", "step", "tokens_per_second"),)),
    Metric("peak memory", (Source("GiB", "step", "peak_memory_gib"),)),
)


def curves(run: Run, metric: Metric, *, is_logarithmic: bool) -> Curves:
    """The metric's curves of a run, values as recorded."""
    lines = (
        Line(source.name, tuple(run.series(source.kind, source.field)), source.colour, source.dotted)
        for source in metric.sources
    )
    empty = "no step yet" if run.is_live else "this run has recorded no such number"
    note = "log axis" if is_logarithmic else ""
    return Curves(metric.title, tuple(lines), is_logarithmic, note=note, when_empty=empty)
