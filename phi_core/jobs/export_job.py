"""Export as a job: a worker fills a folder beside the target, which takes its name only when everything is well.

Blocks; `stop` ends it from another thread. The target is whole or absent, whatever happens; a folder that is not empty
is never written to.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from phi_core.errors import ModelError, RequestError, WorkError
from phi_core.files import GIB, read_json, write_text
from phi_core.jobs.one_request import OnProgress, WorkerKilled, carry_out
from phi_core.model_files.folder import is_hub_model, locate, resolved_name
from phi_core.runs.card import export_card
from phi_core.runs.reader import Run

What = Literal["adapter", "merged"]
TOLERANCES = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}
"""The largest difference of a logit, over the largest magnitude of one, at which an export still passes. Rounding of the
weights alone (unit roundoff 6e-8, 5e-4, 4e-3) makes a difference that grows with depth; these leave it room."""
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
SPARE = 1.05


@dataclass(frozen=True)
class ExportRequest:
    """`model` is the base, by hub id or folder. `probes` are token ids of real records, () for fixed questions.

    `tolerance` None: that of the precision. `for_hub`: no path of this machine goes into the files.
    """

    adapter: Path
    model: str
    target: Path
    what: What = "adapter"
    revision: str | None = None
    dtype: str = "auto"
    device: str = "cpu"
    trust_remote_code: bool = False
    probes: tuple[tuple[int, ...], ...] = ()
    tolerance: float | None = None
    accept_difference: bool = False
    for_hub: bool = False


@dataclass(frozen=True)
class ExportResult:
    """`equality` holds the figures of the comparison of logits, for a merged model; None for an adapter.

    `base_folder`: where the base was found on this machine.
    """

    target: Path
    what: What
    bytes: int
    base_folder: Path | None
    dtype: str | None = None
    equality: Mapping[str, float] | None = None
    tolerance: float | None = None
    notes: tuple[str, ...] = ()


def export(
    request: ExportRequest,
    *,
    run: Run | None = None,
    on_progress: OnProgress = lambda text: None,
    stop: threading.Event | None = None,
) -> ExportResult:
    """RequestError if the target is taken or there is no room; WorkError if it was stopped or the logits differ."""
    require_free(request.target)
    base_folder = _base_folder(request)
    if request.what == "merged":
        _require_room(request, base_folder)
    with _beside(request.target) as folder:
        wire = {**_wire(request, base_folder), "target": str(folder)}
        answer = _answer(wire, on_progress, stop or threading.Event())
        result = _result(request, answer, folder, base_folder)
        _require_equal(request, result)
        write_text(folder / "README.md", _card(request, result, run))
        folder.chmod(0o755)
        with _refusals(request.target):
            os.rename(folder, request.target)  # over an empty folder this is a replacement
    return result


def require_free(target: Path) -> None:
    """RequestError if something is in the way."""
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise RequestError(f"{target} exists and is not an empty folder", "Give another --to")


def _base_folder(request: ExportRequest) -> Path | None:
    """Where the base is on this machine; an adapter is exported without it too."""
    try:
        return locate(request.model, request.revision)
    except ModelError:
        if request.what == "merged":
            raise
        return None


def _require_room(request: ExportRequest, base_folder: Path | None) -> None:
    """Before an hour of work: the merged weights take what the base's take, in another precision perhaps."""
    if base_folder is None:
        return
    stored = sum(path.stat().st_size for path in base_folder.glob("*.safetensors"))
    config = read_json(base_folder / "config.json") or {}
    own = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    needed = SPARE * stored * BYTES.get(request.dtype, BYTES.get(own, 4)) / BYTES.get(own, 4)
    place = next((path for path in request.target.absolute().parents if path.is_dir()), Path("/"))
    free = shutil.disk_usage(place).free
    if needed > free:
        raise RequestError(
            f"the merged model takes about {needed / GIB:.1f} GiB, {free / GIB:.1f} GiB are free at {place}",
            "Free some (phi runs clean), or give another --to",
        )


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder beside the target that is gone in the end unless it was renamed."""
    with _refusals(target):
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=target.absolute().parent, prefix=".new-export-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _refusals(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RequestError(f"{target} cannot be written: {error.strerror}", "Give another --to") from None


def _wire(request: ExportRequest, base_folder: Path | None) -> dict[str, Any]:
    return {
        "what": request.what,
        "adapter": str(request.adapter),
        "model": request.model,
        "revision": request.revision,
        "dtype": request.dtype,
        "device": request.device,
        "trust_remote_code": request.trust_remote_code,
        "probes": [list(ids) for ids in request.probes],
        "base_folder": str(base_folder) if base_folder else None,
        "base_name": exported_base_name(request.model, for_hub=request.for_hub),
    }


def _answer(wire: Mapping[str, Any], on_progress: OnProgress, stop: threading.Event) -> dict[str, Any]:
    try:
        return carry_out("export", wire, on_progress=on_progress, stop=stop)
    except WorkerKilled as killed:
        raise WorkError(killed.what, f"{killed.remedy}: 4 bytes a parameter are needed") from None


def exported_base_name(model: str, *, for_hub: bool) -> str:
    """The base's name as it is written into files: a hub id also where a cached copy of it was named by its path.

    A folder of this machine by its path, or for the hub by its own name only.
    """
    path = Path(model)
    if path.parent.name == "snapshots" and path.parent.parent.name.startswith("models--"):
        return path.parent.parent.name.removeprefix("models--").replace("--", "/")
    if is_hub_model(model):
        return model
    return Path(resolved_name(model)).name if for_hub else resolved_name(model)


def _result(
    request: ExportRequest, answer: Mapping[str, Any], folder: Path, base_folder: Path | None
) -> ExportResult:
    size = sum(path.stat().st_size for path in folder.iterdir())
    if request.what == "adapter":
        return ExportResult(request.target, request.what, size, base_folder)
    dtype = str(answer["dtype"])
    tolerance = TOLERANCES[dtype] if request.tolerance is None else request.tolerance
    return ExportResult(
        request.target,
        request.what,
        size,
        base_folder,
        dtype,
        answer["equality"],
        tolerance,
        tuple(answer["notes"]),
    )


def _require_equal(request: ExportRequest, result: ExportResult) -> None:
    if result.equality is None or result.tolerance is None or request.accept_difference:
        return
    found = relative_difference(result.equality)
    if not found <= result.tolerance:
        raise WorkError(
            f"the merged model differs from base + adapter by {found:.2g} of the largest logit, "
            f"above the tolerance of {result.tolerance:.2g} for {result.dtype}; nothing was written",
            "Merge into a finer --dtype, or keep it with --accept_difference",
        )


def relative_difference(equality: Mapping[str, float]) -> float:
    """The largest difference of a logit over the largest magnitude of one."""
    return equality["largest_difference"] / (equality["largest_logit"] or 1.0)


def check_rows(result: ExportResult) -> list[tuple[str, str]]:
    """Name and figure of what the comparison of logits found; none for an adapter."""
    if result.equality is None or result.tolerance is None:
        return []
    found = result.equality
    relative = relative_difference(found)
    verdict = "within" if relative <= result.tolerance else "ABOVE"
    return [
        (
            "Compared",
            f"the folder as loaded from disk with base + adapter, both computed in float32, at "
            f"{found['positions']:.0f} positions of {found['texts']:.0f} texts",
        ),
        ("Written in", str(result.dtype)),
        (
            "Largest difference of a logit",
            f"{found['largest_difference']:.3g} (largest logit {found['largest_logit']:.3g})",
        ),
        (
            "Relative to the largest logit",
            f"{relative:.2g}, {verdict} the tolerance of {result.tolerance:.2g}",
        ),
        ("Same most likely token", f"{found['same_choice']:.2%} of the positions"),
    ]


def _card(request: ExportRequest, result: ExportResult, run: Run | None) -> str:
    settings = read_json(request.adapter / "adapter_config.json")
    name = exported_base_name(request.model, for_hub=request.for_hub)
    return export_card(
        title=request.target.name,
        library="peft" if request.what == "adapter" else "transformers",
        base_name=Path(name).name if name.startswith("/") else name,
        is_hub_base=not name.startswith("/") and "/" in name,
        adapter=settings if isinstance(settings, dict) else {},
        run=run,
        check=check_rows(result),
        notes=result.notes,
    )
