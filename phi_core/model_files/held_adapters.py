"""Checkpoints' adapters kept alive while libraries and base load: a running run removes all but its newest checkpoints.

Each gets a second name by hard links, or a copy where the file system has none. Loads nothing.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

CHECKPOINTS = "checkpoints"
READ = (".json", ".safetensors")
"""Of a checkpoint's files those that an adapter is read from; its optimizer is larger than they are."""


@contextmanager
def held_adapters(adapters: Mapping[str, str | Path]) -> Iterator[dict[str, Path]]:
    """Label → folder that stays until the end of the context, of those that may vanish and are there now."""
    passing = {label: Path(path) for label, path in adapters.items() if _may_vanish(Path(path))}
    if not passing:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="phi-held-", ignore_cleanup_errors=True) as root:
        places = {label: Path(root, str(place)) for place, label in enumerate(passing)}
        yield {label: place for label, place in places.items() if _hold(passing[label], place)}


def _may_vanish(path: Path) -> bool:
    """Whether this is (the adapter of) a checkpoint in a run's folder."""
    return CHECKPOINTS in (path.parent.name, path.parent.parent.name)


def _hold(path: Path, place: Path) -> bool:
    """Whether what is read of the folder has a second name now; False if it has vanished meanwhile."""
    try:
        place.mkdir()
        for name in sorted(file.name for file in path.iterdir() if file.suffix in READ):
            _hold_file(path / name, place / name)
    except OSError:
        return False
    return path.is_dir()


def _hold_file(file: Path, place: Path) -> None:
    with suppress(OSError):
        os.link(file, place)
        return
    shutil.copyfile(file, place)
