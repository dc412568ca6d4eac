"""The pictures of the README, drawn by the real app on real runs: `python tests/support/readme_screens.py [FOLDER]`.

In a folder of its own it trains the demo, compares it with its base, starts a longer run, and while that trains opens the
app, presses keys and writes train.svg, runs.svg, chat.svg and compare.svg into FOLDER (docs/screens). Every figure in
them was measured on the machine that drew them. A minute or two on two cores. Refuses a picture that names the machine.
"""

import asyncio
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tui
from snapshots import Shot
from textual.pilot import Pilot
from tui import wait_until

from phi_core.runs.reader import read_run
from phi_core.runs.store import RunStore
from phi_tui.app import PhiApp

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
SIZE = (120, 38)
LARGEST_BYTES = 200_000
QUESTION, SECOND = "What is the capital of Norway?", "What do cats eat?"
STEPS_SEEN = 40
FONT = re.compile(r"@font-face\s*\{[^}]*\}\s*")
PICTURES = (
    Shot("train", ("f2",), ("records a step", "learning rate")),
    Shot("runs", ("f3", "g"), ("training", "validation")),
    Shot("compare", ("j", "o"), ("finished", "identical")),
)


def main() -> None:
    target = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else SCREENS
    target.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.gettempdir(), "phi")  # it is seen in the pictures
    folder.mkdir()
    try:
        os.environ |= _own_places(folder)
        _phi(folder, "demo", "pirate")
        os.chdir(folder / "pirate")
        _phi(Path(), "train", "train.yaml")
        _phi(Path(), "runs", "label", "latest", "--name", "pirate")
        _phi(Path(), "compare", "--run", "latest", "--questions", "questions.yaml")
        _phi(Path(), "train", "train.yaml", "--epochs", "24", "--lora_r", "16", "--detach")
        _phi(Path(), "runs", "label", "latest", "--name", "pirate-longer")
        try:
            asyncio.run(_draw(target, secrets=(platform.node(), str(Path.home()))))
        finally:
            if read_run(_newest()).is_live:
                _phi(Path(), "runs", "stop", "latest")
            while read_run(_newest()).is_live:
                time.sleep(1)
    finally:
        os.chdir("/")
        shutil.rmtree(folder)


def _own_places(folder: Path) -> dict[str, str]:
    """Nothing of the machine's own state is seen, or touched."""
    places = {f"PHI_{name}_DIR": str(folder / name.lower()) for name in ("CACHE", "STATE", "CONFIG")}
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    return {**places, **terminal, "PHI_RUNS_DIR": str(folder / "pirate" / "runs"), "OMP_NUM_THREADS": "1"}


def _phi(folder: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "phi_core", *words], cwd=folder, check=True, stdout=sys.stderr)


async def _draw(target: Path, secrets: tuple[str, ...]) -> None:
    tui.PATIENCE_SECONDS = 180.0
    app = PhiApp(Path("runs").resolve(), tab="train", config_path=Path("train.yaml"))
    async with app.run_test(size=SIZE) as pilot:
        await wait_until(pilot, _has_trained, "the longer run under way")
        for shot in PICTURES:
            _write(target / f"{shot.name}.svg", await _drawn(pilot, shot), secrets)
        _write(target / "chat.svg", await _chat(pilot), secrets)


def _has_trained() -> bool:
    event = read_run(_newest()).last("step")
    return event is not None and event.step >= STEPS_SEEN


def _newest() -> Path:
    return RunStore(Path("runs")).runs()[0].path


async def _drawn(pilot: Pilot[None], shot: Shot) -> str:
    await pilot.press(*shot.keys)
    await wait_until(pilot, lambda: all(text in tui.screen_text(pilot.app) for text in shot.sees), shot.name)
    await pilot.pause(1.0)
    return pilot.app.export_screenshot(title="phi")


async def _chat(pilot: Pilot[None]) -> str:
    """Base and adapter of the finished run beside each other, twice."""
    await pilot.press("f3", "t")
    await wait_until(pilot, lambda: "Talk to" in tui.screen_text(pilot.app), "a model")
    await pilot.press("f8")
    for place, text in enumerate((QUESTION, SECOND), 1):
        await pilot.press(*("space" if letter == " " else letter for letter in text), "enter")
        count = 2 * place
        await wait_until(pilot, lambda: tui.screen_text(pilot.app).count("tokens/s") >= count, "answers")  # noqa: B023
    await pilot.pause(1.0)
    return pilot.app.export_screenshot(title="phi")


def _write(file: Path, svg: str, secrets: tuple[str, ...]) -> None:
    """Without the address that Textual gives for its font: a reader of the README need not ask another server."""
    text = FONT.sub("", svg)
    named = [secret for secret in secrets if len(secret) > 3 and secret in text]
    if named or len(text) > LARGEST_BYTES:
        raise SystemExit(f"{file.name}: names {named}, has {len(text):,} bytes")
    file.write_text(text, encoding="utf-8")
    print(f"{file}: {len(text):,} bytes")


if __name__ == "__main__":
    main()
