import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from comparing import QUESTIONS


@pytest.fixture(autouse=True)
def nobody_starts_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second after its start the app sees to the queue: runs that a test has put there would begin."""
    monkeypatch.setattr("phi_tui.app.look_after_queue", lambda root: None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder of its own, with its own place for the app's state."""
    monkeypatch.setenv("PHI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("TMUX", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    before = Path.cwd()
    os.chdir(work)
    yield work
    os.chdir(before)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file of three questions."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "questions.yaml").write_text(QUESTIONS)
    return tmp_path


@pytest.fixture
def talk_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with runs beneath, for one view; what phi remembers is beneath too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHI_STATE_DIR", str(tmp_path / "state"))
    return tmp_path
