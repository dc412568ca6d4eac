"""The curves that runs can show: which events they come from and how they are named; of one run, or of several overlaid."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from phi_core.runs.reader import Run
from phi_core.runs.series import not_finite_note
from phi_tui.curve_view import CurveView, cursor_x, limits
from phi_tui.run_tracks import Track, seen, whole
from phi_tui.series import Curves, Line, Mark


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


@dataclass(frozen=True)
class Drawn:
    """One run's part of a plot: a track for each source of the metric, smoothed ones beside them if that was asked.

    `letter` and `colour` are "" for a run that is alone.
    """

    tracks: tuple[Track, ...]
    smoothed: tuple[Track, ...] = ()
    letter: str = ""
    colour: str = ""


def turned(metric: Metric, by: int, runs: Iterable[Run]) -> Metric:
    """The metric so many places on in the cycle of those that these runs have something to say of."""
    shown = tuple(runs)
    offered = [other for other in METRICS if other == metric or _is_offered(other, shown)]
    return offered[(offered.index(metric) + by) % len(offered)]


def curves(
    metric: Metric,
    view: CurveView,
    runs: Sequence[Drawn],
    *,
    marks: tuple[Mark, ...] = (),
    has_steps: bool = True,
) -> Curves:
    """What is seen of the metric in these runs, values as recorded; the last one is the selected one, on top."""
    every = whole([track for run in runs for track in run.tracks])
    shown = limits(view, every) or every
    cursor = cursor_x(view, runs[-1].tracks[0])
    return Curves(
        metric.title,
        tuple(line for run in runs for line in _lines(metric, run, shown)),
        view.is_logarithmic,
        note=view.words,
        when_empty="this run has recorded no such number" if has_steps else "Nothing recorded yet.",
        warning=_warning(runs),
        x_axis=view.axis,
        limits=shown,
        cursor=cursor,
        told=() if cursor is None else tuple(_told(metric, runs, cursor)),
        marks=marks,
    )


def _lines(metric: Metric, run: Drawn, shown: tuple[float, float] | None) -> Iterator[Line]:
    """The recorded curves dimly behind the smoothed ones."""
    for number, (source, recorded) in enumerate(zip(metric.sources, run.tracks, strict=True)):
        colour = run.colour or source.colour
        letter = run.letter if number == 0 else ""
        if run.smoothed and not source.dotted:
            yield Line(source.name, seen(recorded, shown), colour, is_behind=True)
            yield Line(source.name, seen(run.smoothed[number], shown), colour, letter=letter)
        else:
            yield Line(source.name, seen(recorded, shown), colour, source.dotted, letter=letter)


def _told(metric: Metric, runs: Sequence[Drawn], x: float) -> Iterator[str]:
    """The recorded values at or before a place, digit for digit: all of the selected run, the first of the others."""
    for run in (runs[-1], *runs[:-1]):
        for number, (source, recorded, smooth) in enumerate(_sources(metric, run)):
            place = recorded.at(x)
            if place is None or recorded.xs[place] > x or (number and run is not runs[-1]):
                continue
            name = f"{run.letter} {source.name}".strip() if run is runs[-1] else run.letter
            also = f" (smoothed {smooth.values[place]:.5g})" if smooth else ""
            yield f"{name} {exact(recorded.values[place])}{also} at step {recorded.steps[place]}"


def _sources(metric: Metric, run: Drawn) -> Iterator[tuple[Source, Track, Track | None]]:
    for number, (source, recorded) in enumerate(zip(metric.sources, run.tracks, strict=True)):
        yield source, recorded, run.smoothed[number] if run.smoothed and not source.dotted else None


def exact(value: float) -> str:
    """As many digits as tell it from every other number: what the file has."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _warning(runs: Sequence[Drawn]) -> str:
    notes = (
        f"{run.letter} {note}".strip()
        for run in runs
        for track in run.tracks
        if (note := not_finite_note([(step, float("nan")) for step in track.odd_steps]))
    )
    return " · ".join(dict.fromkeys(notes))


def _is_offered(metric: Metric, runs: tuple[Run, ...]) -> bool:
    return not metric.has_to_vary or any(_varies(run, source) for run in runs for source in metric.sources)


def _varies(run: Run, source: Source) -> bool:
    values = run.series(source.kind, source.field).values
    return bool(len(values)) and any(value != values[0] for value in values)
