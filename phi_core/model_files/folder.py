"""Where a model's files are, and its JSON files.

A model is named by a local folder, by `demo` (the bundled model), or by a hub id, whose files are looked for in the
local hub cache only: nothing here uses the network. Loading weights is the business of `models`.
"""

import json
import os
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from phi_core.errors import ModelError
from phi_core.files import user_path

DEMO = "demo"
HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)


def locate(model_name: str, revision: str | None = None) -> Path | None:
    """The folder that holds the model's files on this machine; None for a hub id that is not in the cache.

    ModelError if the name is a path that does not exist or a folder without config.json.
    """
    if model_name == DEMO:
        return Path(str(files("phi_core.demo"))) / "assets" / "model"
    path = user_path(model_name)
    if path.exists():
        return _model_folder(path)
    if looks_like_path(model_name):
        raise ModelError(f"model folder {model_name} does not exist", "Give an existing folder or a hub id")
    if not HUB_ID.fullmatch(model_name):
        raise ModelError(f"{model_name!r} is neither a folder nor a hub id", "Hub ids are NAME or OWNER/NAME")
    return _cached_snapshot(model_name, revision)


def commit_of(folder: Path) -> str | None:
    """The commit of a hub model's files, which names their folder in the cache; None for other folders."""
    return folder.name if folder.parent.name == "snapshots" else None


def is_hub_model(model_name: str) -> bool:
    """Whether the name means the hub: it is neither the bundled model nor anything on this disk."""
    return model_name != DEMO and not user_path(model_name).exists()


def looks_like_path(model_name: str) -> bool:
    """Hub ids are `name` or `owner/name`; everything else is meant as a path."""
    return model_name.startswith((".", "/", "~")) or model_name.count("/") > 1 or "\\" in model_name


def resolved_name(model_name: str) -> str:
    """The name as it stays valid in another working directory: local folders become absolute."""
    path = user_path(model_name)
    return str(path.resolve()) if model_name != DEMO and path.exists() else model_name


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """The content of a JSON file of the folder, {} if there is none. ModelError if it is broken."""
    path = folder / name
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds a {type(content).__name__}", "It must hold a JSON object")
    return content


def _model_folder(path: Path) -> Path:
    if not path.is_dir():
        raise ModelError(f"model {path} is a file", "Give the folder that holds config.json and the weights")
    if not (path / "config.json").exists():
        hint = (
            "It holds an adapter: name it with --adapter" if (path / "adapter_config.json").exists() else ""
        )
        raise ModelError(f"folder {path} holds no model: config.json is missing", hint)
    return path


def _cached_snapshot(model_name: str, revision: str | None) -> Path | None:
    root = hub_cache() / f"models--{model_name.replace('/', '--')}"
    reference = root / "refs" / (revision or "main")
    commit = reference.read_text().strip() if reference.is_file() else revision or ""
    snapshot = root / "snapshots" / commit
    return snapshot if commit and (snapshot / "config.json").exists() else None


@cache
def hub_cache() -> Path:
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface"
    )
    return Path(os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub")).expanduser()
