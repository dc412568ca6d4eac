"""The editor has ctrl+c for itself: it does not end the app, and the editor begins with the default of it."""

import os
import signal
import subprocess
import sys

PROGRAM = """
from phi_tui.services import run_editor
print("status", run_editor(["sh", "-c", "echo ready; exec sleep 60"]), flush=True)
"""


def test_ctrl_c_goes_to_the_editor_alone() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as app:
        assert app.stdout is not None
        assert app.stdout.readline() == "ready\n"
        os.killpg(app.pid, signal.SIGINT)
        assert app.stdout.read() == f"status {-signal.SIGINT}\n"
    assert app.returncode == 0
