"""What the app asks of the terminal, byte for byte, and what is refused before anything is drawn."""

from pathlib import Path

import pytest
from pseudo_terminal import PseudoTerminal

from phi_tui.__main__ import main

MOUSE = (b"\x1b[?1000h", b"\x1b[?1003h", b"\x1b[?1006h")


def _written(folder: Path, *flags: str, **environment: str) -> bytes:
    """All bytes from the start of the app to its end."""
    own = {"PHI_STATE_DIR": str(folder / "state"), "PHI_CONFIG_DIR": str(folder / "config"), **environment}
    with PseudoTerminal.phi("tui", "--tab", "chat", *flags, folder=folder, environment=own) as terminal:
        terminal.wait_for("Say something")
        terminal.type("\x11")
        assert terminal.ended() == 0
        return terminal.seen


def test_without_the_mouse_no_sequence_asks_for_it(tmp_path: Path) -> None:
    seen = _written(tmp_path, "--no-mouse", "--ascii")
    assert not any(sequence in seen for sequence in MOUSE)
    assert seen.isascii() and b"-----" in seen


def test_eight_colours_are_the_terminals_own(tmp_path: Path) -> None:
    seen = _written(tmp_path, TERM="xterm", COLORTERM="")
    assert any(sequence in seen for sequence in MOUSE)
    assert b"\x1b[38;2;" not in seen and b"38;5;" not in seen


def test_an_unknown_theme_or_tab_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--theme", "nrd"]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("phi tui: there is no theme 'nrd' (did you mean nord?)")
    assert told.err.count("\n") == 1 and told.out == ""
