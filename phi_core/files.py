"""Files: written beside, then renamed, so that a reader sees the old one or the new one; and paths as people type them."""

import errno
import json
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from phi_core.errors import RequestError

GIB = 2**30
"""Bytes."""


def write_text(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step. Half a surrogate pair, which UTF-8 has no bytes for, becomes "?"."""
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Any) -> None:
    write_text(path, json_text(content) + "\n")


def json_text(content: Any, *, default: Callable[[Any], Any] | None = None) -> str:
    """JSON for people and programs; numbers that are not finite, for which JSON has no word, become null.

    `default` turns what JSON cannot hold into what it can; without it there is a TypeError.
    """
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False, default=default)


def read_json(path: Path) -> Any:
    """The content, None if the file is missing or not (yet) JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
