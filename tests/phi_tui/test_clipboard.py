"""Copying takes the first way that can work here, and says which."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from tui import app_on, wait_for_text, wait_until

from phi_tui.clipboard import LONGEST_OSC_52, copy, copy_file, keep, way_of


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({"TERM": "xterm-256color"}, "terminal"),
        ({"TERM": "xterm-256color", "TMUX": "socket,1,0"}, "terminal"),  # and no tmux on the path
        ({"TERM": "screen", "STY": "1.pts"}, "file"),
        ({"TERM": "linux"}, "file"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "file"),
    ],
)
def test_the_first_way_that_can_work(environment: Mapping[str, str], way: str) -> None:
    assert way_of("text", {"PATH": "/nowhere", **environment}) == way


def test_a_text_that_terminals_would_cut_goes_into_a_file() -> None:
    assert way_of("é" * (LONGEST_OSC_52 // 2), {}) == "terminal"
    assert way_of("é" * LONGEST_OSC_52, {}) == "file"


def _tmux(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A tmux of the test's own on the path."""
    (folder / "tmux").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "tmux").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TMUX", "socket,1,0")


async def test_each_way_is_told_and_does_what_it_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on(folder, tab="chat")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        monkeypatch.setenv("TERM", "xterm-256color")
        copy(app, "one", "the command")
        await wait_for_text(pilot, "Copied the command to the terminal's clipboard (OSC 52)")
        monkeypatch.setenv("TERM", "linux")
        copy(app, "two \ud800")
        await wait_for_text(pilot, "into the file")
        assert copy_file().read_text() == "two ?"
        assert copy_file().stat().st_mode & 0o777 == 0o600
        _tmux(folder, monkeypatch, 'test "$2" != -w && cat > buffer')  # one that is too old for -w
        copy(app, "three")
        await wait_for_text(pilot, "into the tmux buffer: prefix ] pastes it")
        assert (folder / "buffer").read_text() == "three"
        _tmux(folder, monkeypatch, "exit 1")
        copy(app, "four")
        await wait_for_text(pilot, "into the file")
        await wait_until(pilot, lambda: copy_file().read_text() == "four")
        assert app.clipboard == "four"


async def test_the_last_copy_can_be_put_into_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    app = app_on(folder, tab="chat")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        keep(app)
        await wait_for_text(pilot, "Nothing was copied yet")
        copy(app, "an answer")
        keep(app)
        await wait_for_text(pilot, "into the file")
        assert copy_file().read_text() == "an answer"


async def test_a_place_that_cannot_be_written_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    (folder / "taken").write_text("")
    app = app_on(folder, tab="chat")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        monkeypatch.setenv("PHI_STATE_DIR", str(folder / "taken"))
        copy(app, "text")
        await wait_for_text(pilot, "Not copied:")
