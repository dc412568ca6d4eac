"""Compare in a small app over a folder with questions, and comparisons in it. For tests of the Compare tab."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from compared_run import ComparedRun
from fake_engine import FakeEngine, Script
from textual.pilot import Pilot
from view_app import ViewApp, screen_text, wait_until

from phi_tui.compare_folder import Opened
from phi_tui.views.compare import CompareView

QUESTIONS = """
name: capitals
questions:
  - {id: fr, prompt: "Capital of France?", reference: Paris, tags: [europe]}
  - {id: jp, prompt: "Capital of Japan?", reference: Tokyo}
  - {id: free, prompt: Say something.}
"""
ANSWERS: Mapping[str, Script] = {
    "base": {"Capital of France?": "It is Paris.", "Capital of Japan?": "No idea.", "Say something.": "Hm."},
    "run-1": {
        "Capital of France?": "Paris, arr!",
        "Capital of Japan?": "Tokyo, arr!",
        "Say something.": "Hm.",
    },
}
WIDE, NARROW = (160, 50), (80, 24)


def compared(here: Path, scripts: Mapping[str, Script] = ANSWERS, **options: object) -> ComparedRun:
    return ComparedRun(here / "runs", here / "questions.yaml", scripts, **options).begin()  # type: ignore[arg-type]


@asynccontextmanager
async def comparing(
    here: Path,
    *,
    size: tuple[int, int] = WIDE,
    begin: Callable[[Opened, Path], Path] | None = None,
    end: Callable[[Path], str] = lambda folder: "stopping",
) -> AsyncIterator[tuple[ViewApp, CompareView, Pilot[None]]]:
    def must_not_begin(opened: Opened, root: Path) -> Path:
        raise AssertionError("nothing was to be started")

    view = CompareView(id="compare", begin=begin or must_not_begin, end=end)
    app = ViewApp(view, lambda choice: FakeEngine({}), here / "runs")
    async with app.run_test(size=size) as pilot:
        view.enter()
        yield app, view, pilot


async def sees(app: ViewApp, pilot: Pilot[None], *texts: str) -> str:
    """The screen once it shows all of them; the AssertionError shows what it shows instead."""
    try:
        await wait_until(lambda: all(text in screen_text(app) for text in texts), pilot)
    except AssertionError:
        raise AssertionError(f"waited in vain for {texts}; the screen shows:\n{screen_text(app)}") from None
    return screen_text(app)
