"""Checkpoints of a run: complete or absent, checked before use, pruned by policy.

transformers writes `checkpoint-N` into a working folder; `adopt` adds the prompt format and a manifest with SHA-256 of every
file, and renames it to its place. Nothing outside the run's own checkpoints folder is ever removed.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phi_core.errors import TrainingFailed
from phi_core.files import read_json, write_json
from phi_core.runs.layout import CONVERTED, RunLayout
from phi_core.runs.storage import best_step

MANIFEST = "manifest.json"
WORKING = ".writing"
UNWANTED = ("training_args.bin", "README.md")
"""Left out: a pickle that nobody reads, and a model card without content."""


@dataclass(frozen=True)
class Manifest:
    step: int
    plan_hash: str
    validation_loss: float | None


def working_folder(layout: RunLayout, *, empty: bool) -> Path:
    """Where transformers writes; one process empties it at the start of a worker."""
    folder = layout.checkpoints / WORKING
    if empty:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    return folder


def remove_working_folder(layout: RunLayout) -> None:
    """Once nothing more is written."""
    shutil.rmtree(layout.checkpoints / WORKING, ignore_errors=True)


def adopt(
    layout: RunLayout,
    manifest: Manifest,
    *,
    files: Mapping[str, str],
    write_converted: Callable[[Path], None] | None = None,
) -> Path:
    """Make the checkpoint that was just written a checkpoint of the run; replaces one of the same step.

    `files` are texts by name. Where `write_converted` is given, the adapter for the untouched base is beside what a
    resume needs, in a folder of its own with the same texts.
    """
    written = layout.checkpoints / WORKING / f"checkpoint-{manifest.step}"
    for name in UNWANTED:
        (written / name).unlink(missing_ok=True)
    if write_converted is not None:
        write_converted(written / CONVERTED)
    for folder in (written, written / CONVERTED):
        for name, text in files.items() if folder.is_dir() else ():
            (folder / name).write_text(text, encoding="utf-8")
    write_json(written / MANIFEST, {**manifest.__dict__, "time": time.time(), "files": _checksums(written)})
    target = layout.checkpoint(manifest.step)
    _remove(target)
    os.rename(written, target)
    return target


def resumable(layout: RunLayout, checkpoint: Path, *, make: bool) -> Path:
    """A checkpoint as transformers can read it: without the converted adapter, which it would load as a second one.

    One process makes the folder, of links where there can be any.
    """
    if not (checkpoint / CONVERTED).is_dir():
        return checkpoint
    folder = layout.checkpoints / WORKING / f"from-{checkpoint.name}"
    if make:
        shutil.copytree(
            checkpoint, folder, ignore=shutil.ignore_patterns(CONVERTED), copy_function=_link_or_copy
        )
    return folder


def newest_sound(layout: RunLayout, *, plan_hash: str) -> tuple[Path | None, list[str]]:
    """The newest checkpoint whose files are as written, and what is wrong with newer ones.

    TrainingFailed if it belongs to another plan: resuming would continue something else.
    """
    faults: list[str] = []
    for step in reversed(layout.checkpoint_steps()):
        path = layout.checkpoint(step)
        fault = _fault(path)
        if not fault:
            _require_plan(path, plan_hash)
            return path, faults
        faults.append(f"checkpoint {path.name} is put aside as .broken-{path.name}: {fault}")
        _put_aside(path)
    return None, faults


def read_manifest(path: Path) -> Manifest:
    record = read_json(path / MANIFEST)
    return Manifest(record["step"], record["plan_hash"], record["validation_loss"])


def prune(layout: RunLayout, *, keep: int, best_step: int | None) -> None:
    """Remove all but the newest `keep` checkpoints and the best one."""
    steps = layout.checkpoint_steps()
    for step in steps[:-keep]:
        if step != best_step:
            _remove(layout.checkpoint(step))


def best(layout: RunLayout) -> Manifest | None:
    """The checkpoint with the lowest validation loss, the earliest of equals; None if none has one that is finite."""
    step = best_step(layout)
    return None if step is None else read_manifest(layout.checkpoint(step))


def copy_files(source: Path, target: Path, names: Sequence[str]) -> None:
    target.mkdir(parents=True)
    for name in names:
        shutil.copyfile(source / name, target / name)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _put_aside(path: Path) -> None:
    """Out of the way of every reader, still there for people."""
    aside = path.with_name(f".broken-{path.name}")
    shutil.rmtree(aside, ignore_errors=True)
    os.rename(path, aside)


def _remove(path: Path) -> None:
    """Rename first: a reader never sees half a checkpoint."""
    if path.exists():
        aside = path.with_name(f".old-{path.name}")
        shutil.rmtree(aside, ignore_errors=True)
        os.rename(path, aside)
        shutil.rmtree(aside)


def _checksums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fault(path: Path) -> str:
    record: Any = read_json(path / MANIFEST)
    if not isinstance(record, dict) or "files" not in record:
        return "it has no manifest"
    for name, wanted in record["files"].items():
        file = path / name
        if ".." in Path(name).parts or not file.is_file() or _sha256(file) != wanted:
            return f"{name} is missing or changed"
    return ""


def _require_plan(path: Path, plan_hash: str) -> None:
    if read_manifest(path).plan_hash != plan_hash:
        raise TrainingFailed(
            f"checkpoint {path.name} belongs to another plan: the data or the configuration has changed since",
            "Put them back, or start a new run",
        )
