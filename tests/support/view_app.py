"""A small app around one view, a run folder to choose, and a bounded wait. For tests of Chat and Compare."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.types import CSSPathType
from textual.widget import Widget

import phi_tui
from phi_core.chat.engine import Engine
from phi_tui.engine_choice import ModelChoice
from phi_tui.engine_services import EngineHost, engine_host

STYLES = Path(phi_tui.__file__).parent / "styles"
WAIT_SECONDS = 10.0


class ViewApp(App[None]):
    """Hosts one view as PhiApp does, in its styles: `runs_root` and `engine_factory` are what the view may ask for."""

    CSS_PATH: ClassVar[CSSPathType | None] = [*sorted(STYLES.glob("*.tcss"))]

    def __init__(self, view: Widget, factory: Callable[[ModelChoice], Engine], runs_root: Path) -> None:
        super().__init__()
        self.view = view
        self.engine_factory = factory
        self.runs_root = runs_root
        self.sentences: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.view

    @property
    def host(self) -> EngineHost:
        return engine_host(self)

    def notify(self, message: str, **options: Any) -> None:  # type: ignore[override]
        self.sentences.append(message)


async def wait_until(condition: Callable[[], bool], pilot: Pilot[None]) -> None:
    """Let the app work until `condition` holds; AssertionError after ten seconds."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "waited ten seconds in vain"
        await asyncio.sleep(0.01)
        await pilot.pause()


def screen_text(app: App[None]) -> str:
    """All that is on the screen, as text."""
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()
    )


def finished_run(root: Path, name: str, *, model: str = "fake/model", created: float = 1.0) -> Path:
    """A run folder with a final adapter, as a trainer leaves it."""
    path = root / name
    (path / "final_adapter").mkdir(parents=True)
    (path / "final_adapter" / "adapter_config.json").write_text("{}")
    (path / "run.json").write_text(json.dumps({"format": 1, "created": created}))
    (path / "status.json").write_text(json.dumps({"state": "finished", "step": 10, "total_steps": 10}))
    (path / "config.yaml").write_text(f"model_name: {model}\n")
    return path
