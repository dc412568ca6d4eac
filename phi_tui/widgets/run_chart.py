"""RunChart: the curves of the selected run, those of the marked runs under them, as keys ask for them.

Keeps what was taken out of a snapshot until there is a newer one: moving the cursor reads nothing again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from phi_core.runs.reader import Run
from phi_tui import curve_view
from phi_tui.curve_view import CurveView
from phi_tui.metrics import METRICS, Drawn, Source, curves, turned
from phi_tui.run_marks import marks
from phi_tui.run_overlay import COLOURS
from phi_tui.run_tracks import Clock, Track, clock, smooth, track, whole
from phi_tui.series import Mark
from phi_tui.widgets.plot import Plot

MARGIN = 10
"""About what the labels beside the curves take."""


@dataclass(frozen=True)
class Charted:
    """A run with its letter and the number of its colour; "" for a run that is alone."""

    run: Run
    letter: str = ""
    colour: int = 0


@dataclass(frozen=True)
class Taken:
    """What of a snapshot is drawn. `drawn` is without smoothing."""

    drawn: Drawn
    marks: tuple[Mark, ...]


class RunChart(Plot):
    """The last of the runs is the selected one."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: tuple[Charted, ...] = ()
        self._metric = METRICS[0]
        self._view = CurveView()
        self._taken: dict[object, Taken] = {}
        self._smoothed: dict[object, tuple[Track, ...]] = {}
        self._shown_of: object = None
        self._is_old = False

    @property
    def has_cursor(self) -> bool:
        return self._view.cursor is not None

    @property
    def selected(self) -> Charted | None:
        return self._runs[-1] if self._runs else None

    @property
    def letter(self) -> str:
        return self._runs[-1].letter if self._runs else ""

    @property
    def metric_title(self) -> str:
        """What is drawn: loss, speed …"""
        return self._metric.title

    def show_runs(self, runs: Sequence[Charted]) -> None:
        self._runs = tuple(runs)
        self.draw()

    def draw(self) -> None:
        """Nothing is put together while nobody sees it."""
        self._is_old = not self._is_seen
        told = (tuple(map(self._key, self._runs)), self._view)
        if self._runs and not self._is_old and told != self._shown_of:
            self._shown_of = told
            taken = [self._take(charted) for charted in self._runs]
            self._forget()
            shown = [
                replace(one.drawn, smoothed=self._smooth(charted, one)) for charted, one in self._pairs(taken)
            ]
            has_steps = self._runs[-1].run.last("step") is not None
            self.show(curves(self._metric, self._view, shown, marks=taken[-1].marks, has_steps=has_steps))

    def on_show(self) -> None:
        if self._is_old:
            self.draw()

    def turn_metric(self, by: int) -> None:
        self._metric = turned(self._metric, by, [charted.run for charted in self._runs])
        self.draw()

    def toggle_log_axis(self) -> None:
        self._look(replace(self._view, is_logarithmic=not self._view.is_logarithmic))

    def turn_axis(self) -> None:
        self._look(curve_view.other_axis(self._view))

    def turn_smoothing(self) -> None:
        self._look(curve_view.smoother(self._view))

    def move_cursor(self, by: int) -> None:
        columns = max(1, self.size.width - MARGIN)
        self._look(curve_view.moved(self._view, by, self._main, columns, self._whole))

    def zoom(self, factor: float) -> None:
        self._look(curve_view.zoomed(self._view, factor, self._main, self._whole))

    def show_whole(self) -> None:
        self._look(curve_view.unzoomed(self._view))

    def leave_cursor(self) -> None:
        self._look(replace(self._view, cursor=None))

    @property
    def _is_seen(self) -> bool:
        return bool(self.is_attached and self.display)

    @property
    def _main(self) -> Track:
        return self._take(self._runs[-1]).drawn.tracks[0] if self._runs else Track()

    @property
    def _whole(self) -> tuple[float, float] | None:
        return whole([track for charted in self._runs for track in self._take(charted).drawn.tracks])

    def _look(self, view: CurveView) -> None:
        self._view = view
        self.draw()

    def _pairs(self, taken: Sequence[Taken]) -> list[tuple[Charted, Taken]]:
        return list(zip(self._runs, taken, strict=True))

    def _take(self, charted: Charted) -> Taken:
        key = self._key(charted)
        if key not in self._taken:
            self._taken[key] = _taken(charted, self._metric.sources, clock(charted.run, self._view.axis))
        return self._taken[key]

    def _smooth(self, charted: Charted, taken: Taken) -> tuple[Track, ...]:
        half_life = self._view.half_life
        if not half_life:
            return ()
        key = (self._key(charted), half_life)
        if key not in self._smoothed:
            self._smoothed[key] = tuple(smooth(one, half_life) for one in taken.drawn.tracks)
        return self._smoothed[key]

    def _forget(self) -> None:
        """Keep nothing of snapshots that are no longer drawn."""
        keys = {self._key(charted) for charted in self._runs}
        self._taken = {key: taken for key, taken in self._taken.items() if key in keys}
        self._smoothed = {
            key: tracks
            for key, tracks in self._smoothed.items()
            if isinstance(key, tuple) and key[0] in keys and key[1] == self._view.half_life
        }

    def _key(self, charted: Charted) -> object:
        run = charted.run
        newest = run.events[-1].time if run.events else 0.0
        told = (run.path, len(run.events), newest, charted.letter, charted.colour)
        return (*told, self._metric.title, self._view.axis)


def _taken(charted: Charted, sources: Sequence[Source], along: Clock) -> Taken:
    tracks = tuple(track(charted.run, source.kind, source.field, along) for source in sources)
    colour = COLOURS[charted.colour] if charted.letter else ""
    odd = [step for one in tracks for step in one.odd_steps]
    return Taken(Drawn(tracks, letter=charted.letter, colour=colour), marks(charted.run, along, odd))
