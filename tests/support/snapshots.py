"""Screens kept as text: a file for each scene and size, with a part for each shot, compared to the last character.

A screen has until `PATIENCE_SECONDS` to become what is kept; nothing else is waited for, so that a slow machine passes
where a fast one does. PHI_WRITE_SNAPSHOTS=1 writes the files anew, each shot once it has stood still for a while;
PHI_SNAPSHOT_PICTURES=DIR also draws every shot as an SVG.
"""

import asyncio
import difflib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot
from tui import screen_text, wait_until

SNAPSHOTS = Path(__file__).parents[1] / "phi_tui" / "snapshots"
IS_WRITING = bool(os.environ.get("PHI_WRITE_SNAPSHOTS"))
PICTURES = os.environ.get("PHI_SNAPSHOT_PICTURES")
PATIENCE_SECONDS = 15.0
STILL_SECONDS = 0.8
HEAD = "═══ "
"""Begins the line over a shot; no screen has such a line."""

SCROLL_BARS = str.maketrans("▁▂▃▄▅▆▇", " " * 7)
Size = tuple[int, int]


@dataclass(frozen=True)
class Shot:
    """What is pressed, then seen: `sees` are words that are there when the screen is ready, for writing."""

    name: str
    keys: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()


def kept(file: Path) -> dict[str, list[str]]:
    """Name of a shot → its lines."""
    parts: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        if line.startswith(HEAD):
            parts[line.removeprefix(HEAD)] = []
        else:
            parts[list(parts)[-1]].append(line)
    return parts


async def look(pilot: Pilot[None], scene: str, size: Size, shots: Sequence[Shot]) -> list[str]:
    """Take the shots one after the other; the differences from what is kept, [] if there are none."""
    name = f"{scene}-{size[0]}x{size[1]}"
    file = SNAPSHOTS / f"{name}.txt"
    before, seen, differences = kept(file), {}, []
    for shot in shots:
        await pilot.press(*shot.keys)
        await (_settled(pilot, shot) if IS_WRITING else _becomes(pilot, before.get(shot.name, [])))
        seen[shot.name] = _lines(pilot)
        differences += _difference(f"{name} {shot.name}", before.get(shot.name, []), seen[shot.name])
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            pilot.app.save_screenshot(f"{name}-{shot.name.replace(' ', '-')}.svg", PICTURES)
    if not IS_WRITING:
        return differences
    SNAPSHOTS.mkdir(exist_ok=True)
    text = "".join("\n".join([f"{HEAD}{name}", *lines, ""]) for name, lines in seen.items())
    file.write_text(text, encoding="utf-8")
    return []


async def _becomes(pilot: Pilot[None], wanted: list[str]) -> None:
    """Until the screen is what is kept, or patience has ended."""
    end = time.monotonic() + PATIENCE_SECONDS
    while _lines(pilot) != wanted and time.monotonic() < end:
        await pilot.pause()
        await asyncio.sleep(0.03)


async def _settled(pilot: Pilot[None], shot: Shot) -> None:
    """The screen has what it shall have, and has not changed for a while."""
    await wait_until(pilot, lambda: all(text in screen_text(pilot.app) for text in shot.sees), shot.name)
    last, since = screen_text(pilot.app), time.monotonic()
    while time.monotonic() - since < STILL_SECONDS:
        await asyncio.sleep(0.02)
        await pilot.pause()
        if (now := screen_text(pilot.app)) != last:
            last, since = now, time.monotonic()


def _lines(pilot: Pilot[None]) -> list[str]:
    """What is on the screen, without the ends of scroll bars: where they stand hangs on what nobody has seen yet."""
    return [line.translate(SCROLL_BARS).rstrip() for line in screen_text(pilot.app).splitlines()]


def _difference(name: str, wanted: list[str], seen: list[str]) -> list[str]:
    return list(difflib.unified_diff(wanted, seen, f"kept: {name}", f"seen: {name}", lineterm="", n=1))
