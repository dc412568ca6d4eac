"""CurveView: how the curves of a run are looked at: axis, cursor, window, smoothing. Frozen; keys make new ones of it.

The window is a length on the axis; it ends where the curve ends, and goes on with it, until it is moved.
"""

from dataclasses import dataclass, replace

from phi_tui.run_tracks import AXES, Axis, Track

HALF_LIVES = (0, 5, 20, 100)
"""Of the smoothing, in recorded points; 0 for none."""
AXIS_WORDS = {"step": "", "tokens": "by trained tokens", "time": "by time of the steps"}
Limits = tuple[float, float]
LEAST_POINTS = 4
"""Fewer are not zoomed to."""


@dataclass(frozen=True)
class CurveView:
    """`cursor` is a step, so that it stays where it is on other axes and in other curves. `length` None: the whole curve."""

    axis: Axis = "step"
    is_logarithmic: bool = False
    half_life: int = 0
    cursor: int | None = None
    length: float | None = None
    start: float | None = None

    @property
    def words(self) -> str:
        """What differs from the plain curve."""
        factor = f"{0.5 ** (1 / self.half_life):.3f}" if self.half_life else ""
        smoothing = f"smoothed: half-life {self.half_life}, factor {factor}" if self.half_life else ""
        parts = (
            "log axis" if self.is_logarithmic else "",
            AXIS_WORDS[self.axis],
            "zoomed" if self.length is not None else "",
            smoothing,
        )
        return " · ".join(filter(None, parts))


def limits(view: CurveView, whole: Limits | None) -> Limits | None:
    """What of the axis is seen; None for all of it. A window that lies beside the curve shows all."""
    if view.length is None or whole is None:
        return None
    start = whole[1] - view.length if view.start is None else view.start
    end = start + view.length
    return (start, end) if start <= whole[1] and end >= whole[0] else None


def smoother(view: CurveView) -> CurveView:
    """The next half-life, none after the longest."""
    place = HALF_LIVES.index(view.half_life) + 1
    return replace(view, half_life=HALF_LIVES[place % len(HALF_LIVES)])


def other_axis(view: CurveView) -> CurveView:
    """The next axis, on which the whole curve is seen."""
    place = AXES.index(view.axis) + 1
    return replace(unzoomed(view), axis=AXES[place % len(AXES)])


def unzoomed(view: CurveView) -> CurveView:
    return replace(view, length=None, start=None)


def zoomed(view: CurveView, factor: float, track: Track, whole: Limits | None) -> CurveView:
    """`factor` 0.5 shows half as much, around the cursor if it is in sight, else at the end of what is seen."""
    if whole is None or whole[0] == whole[1]:
        return view
    low, high = limits(view, whole) or whole
    if factor < 1 and _num_between(track, low, high) <= LEAST_POINTS:
        return view
    length = (high - low) * factor
    if length >= whole[1] - whole[0]:
        return unzoomed(view)
    at = cursor_x(view, track)
    if at is None or not low <= at <= high:
        is_at_end = view.start is None
        return replace(
            view, length=length, start=None if is_at_end else _within(high - length, length, whole)
        )
    return replace(view, length=length, start=_within(at - (at - low) * factor, length, whole))


def moved(view: CurveView, by: int, track: Track, columns: int, whole: Limits | None) -> CurveView:
    """The cursor so many columns on, at least as many recorded points; the window goes along. It begins at the end of
    what is seen."""
    if not len(track.xs) or whole is None:
        return view
    low, high = limits(view, whole) or whole
    if view.cursor is None:
        place = track.at(high)
    else:
        stride = max(1, _num_between(track, low, high) // max(columns, 1))
        place = (track.at(cursor_x(view, track) or 0.0) or 0) + by * stride
    place = min(max(place or 0, 0), len(track.xs) - 1)
    return _followed(replace(view, cursor=track.steps[place]), track.xs[place], low, high)


def cursor_x(view: CurveView, track: Track) -> float | None:
    """Where on the axis the cursor is: on the last recorded value at or before its step."""
    if view.cursor is None or not len(track.steps):
        return None
    return track.xs[_before(track, view.cursor)]


def _before(track: Track, step: int) -> int:
    at = Track(track.steps, track.steps).at(step)
    return at or 0


def _followed(view: CurveView, x: float, low: float, high: float) -> CurveView:
    """The window moved until it holds a place."""
    if view.length is None or low <= x <= high:
        return view
    return replace(view, start=x if x < low else x - view.length)


def _num_between(track: Track, low: float, high: float) -> int:
    first, last = track.at(low), track.at(high)
    return last - first + 1 if first is not None and last is not None else 0


def _within(start: float, length: float, whole: Limits) -> float:
    return min(max(start, whole[0]), whole[1] - length)
