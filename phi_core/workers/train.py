"""The training worker: a run directory in, events out. `python -m phi_core.workers.train RUN_DIR [--resume]`

Says in status.json that it lives before anything heavy is imported. Every end is recorded: finished, stopped or
paused after a resumable checkpoint, failed with cause and next step. The first SIGTERM or SIGINT ends after the current
step, a second one at once.
"""

import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from phi_core.errors import FaultsError, PhiError
from phi_core.runs.control import take_requests
from phi_core.runs.layout import RunLayout
from phi_core.runs.writer import RunWriter


def main(arguments: list[str]) -> int:
    layout = RunLayout(Path(arguments[0]))
    lock = FileLock(layout.lock, blocking=False)
    try:
        lock.acquire()  # held until this process ends, however it ends
    except Timeout:
        print(f"another worker has run {layout.root.name}", file=sys.stderr)
        return 2
    one_device()
    take_requests(layout)  # whatever was asked of an earlier worker has nothing to say to this one
    writer = RunWriter(layout.root)
    signals = Signals(writer)
    signals.listen()
    try:
        from phi_core.training.run import execute  # heavy: only after the status says that we live

        outcome = execute(writer, resume="--resume" in arguments, interruption=signals)
    except Exception as error:  # the top of a worker: recorded in the run, then the end
        traceback.print_exc()
        record_failure(writer, error)
        return 1
    writer.status(state=outcome, activity="")
    return 0


def one_device() -> None:
    """Let torch see one GPU: with more, transformers would split every batch over all of them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[0]


class Signals:
    """The number of the first SIGTERM or SIGINT, None while there was none. A second one ends the process at once."""

    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer
        self.received: int | None = None

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            self._writer.status(state="stopped", activity="")
            os._exit(128 + number)
        self.received = number


def record_failure(writer: RunWriter, error: Exception) -> None:
    """The `failed` event with cause and next step, and the state."""
    step = int(writer.current("step") or 0)
    if isinstance(error, PhiError):
        faults = error.problems if isinstance(error, FaultsError) else ()
        writer.event("failed", step, error="\n  ".join([error.what, *map(str, faults)]), remedy=error.remedy)
    elif type(error).__name__ == "OutOfMemoryError" or "not enough memory" in str(error):
        remedy = (
            "Lower batch_size (raise gradient_accumulation_steps to keep the effective batch) or max_length"
        )
        writer.event("failed", step, error=f"out of memory: {str(error).splitlines()[0]}", remedy=remedy)
    else:
        text = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}"
        writer.event("failed", step, error=text, remedy=f"Details are in {writer.layout.log.name}")
    writer.status(state="failed", activity="")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
