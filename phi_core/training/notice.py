"""Tell somebody that a run has ended: a command of the user's, and an HTTP POST.

Neither can change how the run ended: what goes wrong is a sentence for a warning event. The command is run without a
shell; the address is read from the environment and appears nowhere, error messages included.
"""

import json
import os
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from phi_core.config.yaml_file import read_values
from phi_core.errors import PhiError
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, read_run

COMMAND_SECONDS, POST_SECONDS = 60.0, 15.0


def notify(layout: RunLayout) -> Iterator[str]:
    """Carry out what the run's configuration asks for, now that its state is written; yields what went wrong."""
    try:
        values = read_values(layout.config)
    except PhiError:  # a run that failed because its configuration cannot be read
        return
    run = read_run(layout.root)
    if command := values.get("notify_command"):
        yield from _run_command(str(command), run)
    if variable := values.get("notify_webhook"):
        yield from _post(str(variable), run)


def announcement(run: Run) -> dict[str, Any]:
    """What the webhook is told. `text` is one sentence, under the name that chat services look for."""
    losses, validation = run.series("step", "loss"), run.series("evaluation", "validation_loss")
    failed, finished = run.last("failed"), run.last("finished")
    reason = failed.data.get("error") if failed and run.state == "failed" else ""
    reason = finished.data.get("reason", "") if finished and run.state != "failed" else reason
    loss = f", loss {losses[-1][1]:.4g}" if losses else ""
    because = f": {reason}" if reason else ""
    return {
        "text": f"phi: run {run.name} is {run.state} at step {run.step} of {run.total_steps or '?'}{loss}{because}",
        "run": run.id,
        "state": run.state,
        "step": run.step,
        "total_steps": run.total_steps,
        "loss": losses[-1][1] if losses else None,
        "validation_loss": validation[-1][1] if validation else None,
        "reason": reason,
    }


def _run_command(command: str, run: Run) -> Iterator[str]:
    """Its output goes where this process's goes: to worker.log."""
    about = {"PHI_RUN_ID": run.id, "PHI_RUN_STATE": run.state, "PHI_RUN_DIR": str(run.path)}
    try:
        done = subprocess.run(
            shlex.split(command),
            env={**os.environ, **about},
            stdin=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield f"notify_command was ended: it ran longer than {COMMAND_SECONDS:g} s"
    except (OSError, ValueError) as error:
        yield f"notify_command could not be run: {error}"
    else:
        if done.returncode:
            yield f"notify_command ended with status {done.returncode}; its output is in {run.layout.log.name}"


def _post(variable: str, run: Run) -> Iterator[str]:
    address = os.environ.get(variable, "")
    if not address.startswith(("http://", "https://")):
        yield f"notify_webhook: the environment variable {variable} holds no http address"
        return
    try:
        request = urllib.request.Request(
            address,
            data=_json_bytes(announcement(run)),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=POST_SECONDS):
            pass
    except urllib.error.HTTPError as error:
        yield f"notify_webhook: the service answered with status {error.code}"
    except Exception as error:  # messages of others may hold the address: only what kind it is can be told
        yield f"notify_webhook: the notice could not be delivered ({type(error).__name__})"


def _json_bytes(content: dict[str, Any]) -> bytes:
    """JSON without NaN, which other languages refuse."""
    plain = {
        name: str(value) if isinstance(value, float) and value - value != 0 else value
        for name, value in content.items()
    }
    return json.dumps(plain, allow_nan=False).encode()
