"""The bundled demo: a tiny model, a dataset, a question set and the settings of a run, as package data.

`write_demo` copies them into a folder of the user's; `model_path` says where the model lies in the package. It knows
neither how they were made (`build_demo_model.py` does) nor what is done with them.
"""

from __future__ import annotations

import os
import shutil
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

MODEL = "model"
NAMES = (MODEL, "pirate.jsonl", "questions.yaml", "train.yaml", "README.txt")


def model_path() -> Path:
    """The bundled model's folder, to be read only."""
    return _assets() / MODEL


def write_demo(directory: Path) -> list[Path]:
    """Writes the demo into `directory`, made if need be, and returns the path of each of its parts.

    What is there already, and equal, stays as it is. FileExistsError, before anything is written, names the first part
    that is there and differs.
    """
    targets = [directory / name for name in NAMES]
    missing = [target for target in targets if not _is_there(target)]
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".phi-demo-", dir=directory) as beside:
        for target in missing:
            _copy(_assets() / target.name, Path(beside) / target.name)
        for target in missing:
            os.replace(Path(beside) / target.name, target)
    return targets


def _assets() -> Path:
    return Path(str(files(__name__) / "assets"))


def _is_there(target: Path) -> bool:
    """Whether `target` equals the bundled part of its name. FileExistsError if it is something else."""
    if not os.path.lexists(target):
        return False
    if _content(target) != _content(_assets() / target.name):
        raise FileExistsError(f"{target} exists already and differs from the demo's; choose another folder")
    return True


def _content(path: Path) -> dict[str, bytes]:
    """Relative path → bytes, for a file (whose relative path is ".") as for a folder."""
    found = path.rglob("*") if path.is_dir() else (path,)
    return {str(file.relative_to(path)): file.read_bytes() for file in found if file.is_file()}


def _copy(source: Path, target: Path) -> None:
    """Copies bytes only, so that the user may change what a read-only installation holds."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=shutil.copyfile)
        target.chmod(0o755)
    else:
        shutil.copyfile(source, target)
