"""Comparisons as processes: start the worker of a batch folder, ask it to stop, find out where a batch belongs.

Like a run, a batch ends with its work and not with the front end that started it. Starting it again on the same folder
asks only what is missing. Knows nothing about models; paths, labels and the question set are checked by callers, the
addresses of endpoints here, before they are written down.
"""

import os
import signal
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from phi_core.errors import RequestError, WorkError
from phi_core.evaluation.batch_folder import BatchFolder
from phi_core.evaluation.batch_request import Batch, BatchRequest, batch_record
from phi_core.evaluation.batch_status import has_worker
from phi_core.evaluation.question_set import QuestionSet
from phi_core.files import read_json, user_path, write_json
from phi_core.jobs.endpoint import endpoint
from phi_core.jobs.process import start_worker
from phi_core.model_files.folder import resolved_name
from phi_core.runs.identity import identity_from
from phi_core.runs.reader import Run

STARTED_SECONDS = 20.0
ENDING_SECONDS = 20.0
COMPARISONS = "comparisons"
"""The folder under the runs' root for comparisons that belong to no run."""


def new_batch(question_set: QuestionSet, request: BatchRequest, *, run: Run | None = None) -> Batch:
    """A batch that begins now. RequestError for an endpoint or judge whose address is none, or holds a password."""
    for address in (*request.endpoints.values(), request.judge or ""):
        if "://" in address:
            endpoint(address)
    return Batch(
        id=f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}",
        created=time.time(),
        question_set=question_set,
        request=_portable(request),
        run_id=run.id if run else None,
        run_path=str(run.path.resolve()) if run else None,
    )


def batch_folder_of(question_set: QuestionSet, request: BatchRequest, *, run: Run | None, root: Path) -> Path:
    """Where a batch is kept if nobody says otherwise: in the run, else under `root`, the folder of the runs."""
    if run is not None:
        return run.layout.answers / _file_name(question_set.name)
    model = request.model_name or next(iter([*request.adapters.values(), *request.endpoints.values()]), "")
    return root / COMPARISONS / f"{_file_name(question_set.name)}-{_file_name(Path(model).name)}"


def start(folder: Path, batch: Batch) -> None:
    """Write batch.json, start the worker, and wait until it has spoken. RequestError if one is at this folder already;
    WorkError if it does not start."""
    files = BatchFolder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(files.starting, timeout=0):
            _require_idle(files)
            write_json(files.batch, batch_record(batch))
            files.status.unlink(missing_ok=True)  # of a worker that is gone
            _start_worker(files)
    except Timeout:
        raise _taken(folder) from None
    except OSError as error:
        raise RequestError(
            f"{folder} cannot be written: {error.strerror}", "Name another folder with --out"
        ) from None


def stop(folder: Path) -> None:
    """Ask the worker to end; what it has answered stays. RequestError if none is at work on this machine."""
    status = read_json(BatchFolder(folder).status)
    identity = identity_from(status) if isinstance(status, dict) else None
    if identity is not None and identity.is_elsewhere and has_worker(status):
        raise RequestError(f"comparison {folder} runs on {identity.host}", "Stop it there")
    if identity is None or not identity.is_alive or status.get("state") != "running":
        raise RequestError(
            f"comparison {folder} is not running", "Start it again: the same phi compare command"
        )
    with suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(identity.pid, signal.SIGTERM)


def _portable(request: BatchRequest) -> BatchRequest:
    """The request as it stays valid in another folder: paths absolute."""
    return replace(
        request,
        model_name=resolved_name(request.model_name) if request.model_name else None,
        adapters={label: str(user_path(path).absolute()) for label, path in request.adapters.items()},
    )


def _require_idle(files: BatchFolder) -> None:
    """A worker that has said how it ended still holds the folder until its process is gone: it is waited for."""
    status = read_json(files.status)
    if has_worker(status) and status.get("state") == "running":
        raise _taken(files.root)
    identity = identity_from(status) if isinstance(status, dict) else None
    end = time.monotonic() + ENDING_SECONDS
    while identity is not None and identity.is_alive and time.monotonic() < end:
        time.sleep(0.02)


def _taken(folder: Path) -> RequestError:
    return RequestError(
        f"comparison {folder} is running already",
        f"Follow it: phi compare --follow {folder}; or end it: phi compare --stop {folder}",
    )


def _start_worker(files: BatchFolder) -> None:
    process = start_worker("compare", [str(files.root.resolve())], log=files.log)
    threading.Thread(target=process.wait, daemon=True).start()  # no zombie stays behind while we live
    end = time.monotonic() + STARTED_SECONDS
    while not files.status.exists() and time.monotonic() < end:
        if process.poll() is not None:
            raise WorkError(f"the comparison's worker did not start in {files.root}", f"Read {files.log}")
        time.sleep(0.02)


def _file_name(text: str) -> str:
    """A name that is safe as a part of a path, the same for the same text."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in text).strip("-")[:60] or "questions"
