"""The curves that runs can show: which events they come from and how they are named; of one run, or of two overlaid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from phi_core.runs.reader import Run
from phi_tui.series import Curves, Line

BESIDE = {"cyan": "magenta", "orange": "green"}
"""Colours of the marked run's curves, by those of the selected one's."""


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
    """`has_to_vary`: not offered for runs in which it is the same at every step."""

    title: str
    sources: tuple[Source, ...]
    has_to_vary: bool = False


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
    Metric("effective batch", (Source("records", "step", "effective_batch_size"),), has_to_vary=True),
    Metric("micro-batch", (Source("records", "step", "micro_batch_size"),), has_to_vary=True),
    Metric("LoRA dropout", (Source("by step", "step", "lora_dropout"),), has_to_vary=True),
    Metric("weight decay", (Source("by step", "step", "weight_decay"),), has_to_vary=True),
)


def turned(metric: Metric, by: int, runs: Iterable[Run]) -> Metric:
    """The metric so many places on in the cycle of those that these runs have something to say of."""
    shown = tuple(runs)
    offered = [other for other in METRICS if other == metric or _is_offered(other, shown)]
    return offered[(offered.index(metric) + by) % len(offered)]


def curves(run: Run, metric: Metric, *, is_logarithmic: bool, beside: Run | None = None) -> Curves:
    """The metric's curves of a run, values as recorded; those of another, A, under them."""
    lines = (
        [*_lines(beside, metric, "A ", is_beside=True), *_lines(run, metric, "B ")]
        if beside
        else [*_lines(run, metric)]
    )
    empty = "no step yet" if run.is_live else "this run has recorded no such number"
    note = "log axis" if is_logarithmic else ""
    return Curves(metric.title, tuple(lines), is_logarithmic, note=note, when_empty=empty)


def _lines(run: Run, metric: Metric, prefix: str = "", *, is_beside: bool = False) -> Iterator[Line]:
    for source in metric.sources:
        colour = BESIDE.get(source.colour, source.colour) if is_beside else source.colour
        points = tuple(run.series(source.kind, source.field))
        yield Line(prefix + source.name, points, colour, source.dotted, is_beside)


def _is_offered(metric: Metric, runs: tuple[Run, ...]) -> bool:
    return not metric.has_to_vary or any(_varies(run, source) for run in runs for source in metric.sources)


def _varies(run: Run, source: Source) -> bool:
    values = (
        value
        for event in run.events
        if event.kind == source.kind and (value := event.number(source.field)) is not None
    )
    first = next(values, None)
    return any(value != first for value in values)
