"""Driving the app in tests: an app on a temporary folder, what the screen shows, and waiting without sleeping long."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from phi_tui.app import PhiApp

PATIENCE_SECONDS = 30.0


async def wait_until(pilot: Pilot[None], is_so: Callable[[], object], what: str = "") -> None:
    """Let the app work until it is so; fail after a bounded time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, (
            f"not within {PATIENCE_SECONDS:.0f} s: {what or is_so}\n{screen_text(pilot.app)}"
        )
        await pilot.pause()
        await asyncio.sleep(0.01)


async def wait_for_text(pilot: Pilot[None], text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), f"{text!r} on the screen")


def screen_text(app: object) -> str:
    """What the screen shows, one line a row."""
    strips = app.screen._compositor.render_strips()  # type: ignore[attr-defined]
    return "\n".join(strip.text.rstrip() for strip in strips)


def app_on(folder: Path, *, tab: str = "train", config: Path | None = None) -> PhiApp:
    return PhiApp(folder / "runs", tab=tab, config_path=config)
