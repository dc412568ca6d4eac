"""Figures for single modules in writing: `fc1=16`, `layers.0.mlp.fc1=4`.

A module is named by the end of its path, whole names only; the longest name that fits a path decides. Which modules a
model has is not known here.
"""

import re
from collections.abc import Mapping, Sequence

MODULE_NAME = re.compile(r"\w+(\.\w+)*", re.ASCII)
NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def ends_with(path: str, name: str) -> bool:
    """Whether a module's path ends with a name: `layers.0.mlp.fc1` with `fc1` and `mlp.fc1`, not with `c1`."""
    return path == name or path.endswith(f".{name}")


def pattern_fault(written: str, *, whole: bool, largest: int) -> str:
    """What is wrong with one item, "" if nothing is. `whole`: its figure is an integer; figures are > 0 and ≤ largest."""
    name, equals, figure = (part.strip() for part in written.partition("="))
    if not equals or not MODULE_NAME.fullmatch(name):
        return f"{written!r} is not of the form module={'rank' if whole else 'alpha'}"
    if not (figure.isascii() and figure.isdigit() if whole else NUMBER.fullmatch(figure)):
        return f"{written!r}: {figure!r} is no {'whole number' if whole else 'number'}"
    return "" if 0 < float(figure) <= largest else f"{written!r}: {figure} is not > 0 and ≤ {largest:,}"


def patterns(written: Sequence[str]) -> dict[str, float]:
    """Module name → figure of well-formed items, the longest name first."""
    pairs = (item.partition("=") for item in written)
    found = {name.strip(): float(figure) for name, _, figure in pairs}
    return dict(sorted(found.items(), key=lambda pair: (-pair[0].count("."), pair[0])))


def figure_of(path: str, found: Mapping[str, float], otherwise: float) -> float:
    """The figure for a module: that of the longest name that its path ends with."""
    return next((figure for name, figure in found.items() if ends_with(path, name)), otherwise)
