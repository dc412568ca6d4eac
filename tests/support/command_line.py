"""The `phi` command for tests: in this process where that is quick, as a process where it must be one."""

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from phi_core.cli.main import run

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


def phi(*words: object) -> Done:
    """One command in this process. Nobody answers questions."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = run([str(word) for word in words])
    return Done(status, out.getvalue(), err.getvalue())


def phi_process(*words: object, folder: Path | None = None) -> Done:
    """One command as its own process with nothing on standard input, as in a very wide terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "phi_core", *map(str, words)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "1000"},
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def files_under(folder: Path) -> Sequence[str]:
    """Every file and folder, with its size."""
    return sorted(f"{path.relative_to(folder)} {path.stat().st_size}" for path in folder.rglob("*"))
