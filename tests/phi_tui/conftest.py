import os
from collections.abc import Iterator
from pathlib import Path

import pytest


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
