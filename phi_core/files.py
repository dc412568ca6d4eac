"""Files: written beside, then renamed, so that a reader sees the old one or the new one; and paths as people type them."""

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from phi_core.errors import RequestError


def write_text(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step."""
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Any) -> None:
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The content, None if the file is missing or not (yet) JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def typed_path(text: str) -> Path:
    """A path as a person types it, with ~ for a home folder that exists. Never fails: it may be half typed."""
    return Path(os.path.expanduser(text))


def user_path(text: str) -> Path:
    """A path as a person gave it, with ~ for the home folder. RequestError if no file could have this name."""
    path = typed_path(text)
    try:
        path.lstat()
    except ValueError:
        raise RequestError(f"{text!r} is no path: it holds a NUL character") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise RequestError(f"{text[:60]}… is no path: it is too long") from None
        if str(path).startswith("~"):
            raise RequestError(f"{text}: there is no such home folder") from None
    return path
