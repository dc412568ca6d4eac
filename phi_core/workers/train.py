"""The training worker: a run directory in, events out. `python -m phi_core.workers.train RUN_DIR [--resume]`

Says in status.json that it lives before anything heavy is imported. Every end is recorded: finished, stopped or
paused after a resumable checkpoint, failed with cause and next step. The first SIGTERM or SIGINT ends after the current
step, a second one at once. Of several processes the main one locks, writes and listens; the others only compute, and
leave a note of what they failed of.
"""

import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from phi_core.config.problems import checked
from phi_core.config.yaml_file import read_values
from phi_core.errors import FaultsError, PhiError
from phi_core.files import read_json
from phi_core.planning.left_out import leave_out_what_is_not_needed
from phi_core.runs.control import discard_requests, pending_requests, remove_request
from phi_core.runs.layout import RunLayout
from phi_core.runs.rank_failure import RankFailure, rank_failures, write_rank_failure
from phi_core.runs.rank_writer import RankWriter
from phi_core.runs.reader import ENDED
from phi_core.runs.writer import RunWriter, Writer
from phi_core.training.notice import COMMAND_SECONDS, POST_SECONDS, notify

LEAVING_SECONDS = COMMAND_SECONDS + POST_SECONDS + 10.0
"""How long a worker that has recorded its end may still be there: it tells of it."""
TOUCH_SECONDS = 10.0
BROKEN_CONNECTION = ("Connection closed by peer", "Connection reset by peer", "NCCL communicator was aborted")
"""What gloo and NCCL say to those who are left."""
FAILURE_NOTE_SECONDS = 1.0
"""How long the main process waits for another's note when their connection breaks."""


def main(arguments: list[str]) -> int:
    layout = RunLayout(Path(arguments[0]))
    resume = "--resume" in arguments
    if num_processes() > 1 and own_rank():
        return other_process(layout, resume=resume)
    lock = FileLock(layout.lock, timeout=LEAVING_SECONDS if has_ended(layout) else 0)
    try:
        lock.acquire()  # held until this process ends, however it ends
    except Timeout:
        print(f"another worker has run {layout.root.name}", file=sys.stderr)
        return 2
    discard_requests(layout)  # whatever was asked of an earlier worker has nothing to say to this one
    return main_process(layout, resume=resume)


def has_ended(layout: RunLayout) -> bool:
    """Whether an earlier worker has recorded its end: it may take a moment to leave."""
    status = read_json(layout.status)
    return isinstance(status, dict) and status.get("state") in ENDED


def main_process(layout: RunLayout, *, resume: bool) -> int:
    """The process that the run directory belongs to."""
    keep_touching(layout.lock)
    writer = RunWriter(layout.root)
    signals = Signals(writer)
    signals.listen()
    try:
        outcome = carry_out(writer, signals, resume=resume)
    except Exception as error:  # the top of a worker: recorded in the run, then the end
        traceback.print_exc()
        record_failure(writer, error)
        tell(writer)
        return 1
    writer.status(state=outcome, activity="")
    if outcome == "finished":
        refuse_late(writer, ended=time.time())
    tell(writer)
    leave_group()
    return 0


def other_process(layout: RunLayout, *, resume: bool) -> int:
    """One that shares the steps. Nobody asks it anything: what is asked of a run goes through the main process."""
    ignore_signals()
    writer = RankWriter(layout.root)
    try:
        carry_out(writer, NoInterruption(), resume=resume)
    except Exception as error:
        traceback.print_exc()
        what, remedy = cause(error, log=layout.log.name)
        write_rank_failure(layout, RankFailure(own_rank(), what, remedy))
        return 1
    leave_group()
    return 0


def carry_out(writer: Writer, interruption: "Signals | NoInterruption", *, resume: bool) -> str:
    """Join the other processes, if there are any, and train. How the run ended."""
    if num_processes() == 1:
        one_device()
    else:
        join_group(writer.layout)
    config = checked(read_values(writer.layout.config), source=str(writer.layout.config))
    leave_out_what_is_not_needed(config)
    from phi_core.training.run import execute  # heavy: only after the status says that we live

    return execute(writer, resume=resume, interruption=interruption)


def refuse_late(writer: RunWriter, *, ended: float) -> None:
    """Who asked while the result was kept thought the run live: the next worker must not carry that out unasked."""
    for request in pending_requests(writer.layout, kinds=("extend",)):
        if request.time <= ended:
            step = int(writer.current("step") or 0)
            writer.event("warning", step, message="extend is refused: the run had just ended; ask again")
            remove_request(writer.layout, request)


def tell(writer: RunWriter) -> None:
    """Tell whom the configuration names that the run has ended; what went wrong with that is a warning."""
    for message in notify(writer.layout):
        writer.event("warning", int(writer.current("step") or 0), message=message)


def own_rank() -> int:
    return int(os.environ.get("RANK", "0"))


def num_processes() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def one_device() -> None:
    """Let torch see one GPU: with more, transformers would split every batch over all of them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[0]


def join_group(layout: RunLayout) -> None:
    """Make one group of all processes: over NCCL with a GPU each, which is then what `cuda` means, else over gloo."""
    import torch

    wanted = read_values(layout.config).get("device", "auto")
    if wanted != "cpu" and torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        torch.distributed.init_process_group("cuda:nccl,cpu:gloo")
    else:
        torch.distributed.init_process_group("gloo")


def leave_group() -> None:
    """The run's end is recorded: a connection that breaks now has nothing to say."""
    if num_processes() > 1:
        import torch

        with suppress(RuntimeError):
            torch.distributed.destroy_process_group()


def keep_touching(lock: Path) -> None:
    """Change the lock's time every few seconds: how another machine sees that this process lives, whatever it does."""

    def touch() -> None:
        while True:
            with suppress(OSError):
                os.utime(lock)
            time.sleep(TOUCH_SECONDS)

    threading.Thread(target=touch, daemon=True).start()


class NoInterruption:
    """Of a process that nobody asks."""

    received: int | None = None


def ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


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
    """The `failed` event with cause and next step, and the state. If another process failed first, that is the cause."""
    what, remedy = cause(error, log=writer.layout.log.name)
    if num_processes() > 1 and not isinstance(error, PhiError) and (note := _first_note(writer.layout)):
        what, remedy = str(note), note.remedy
    writer.event("failed", int(writer.current("step") or 0), error=what, remedy=remedy)
    writer.status(state="failed", activity="")


def cause(error: Exception, *, log: str) -> tuple[str, str]:
    """What went wrong, and what to do."""
    text = str(error).strip()
    first = text.splitlines()[0] if text else "no message"
    if isinstance(error, PhiError):
        faults = error.problems if isinstance(error, FaultsError) else ()
        return "\n  ".join([error.what, *map(str, faults)]), error.remedy or ""
    if type(error).__name__ == "OutOfMemoryError" or "not enough memory" in text:
        remedy = (
            "Lower batch_size (raise gradient_accumulation_steps to keep the effective batch) or max_length"
        )
        return f"out of memory: {first}", remedy
    if any(sign in text for sign in BROKEN_CONNECTION):
        return f"another process of the run is gone: {first}", f"It may have been killed; read {log}"
    return f"{type(error).__name__}: {first}", f"Details are in {log}"


def _first_note(layout: RunLayout) -> RankFailure | None:
    end = time.monotonic() + FAILURE_NOTE_SECONDS
    while not (found := rank_failures(layout)) and time.monotonic() < end:
        time.sleep(0.02)
    return found[0] if found else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
