"""How a path or a name goes on that somebody types: files, and what the hub cache on this machine holds. Looks in a thread."""

import asyncio
import re
from collections.abc import Callable, Sequence

from phi_core.files import typed_path
from phi_core.model_files.cached_names import cached_datasets, cached_models
from phi_core.model_files.folder import DEMO

LAST_ITEM = re.compile(r"([^,\\\s]|\\.)([^,\\]|\\.)*$")
Names = Callable[[], Sequence[str]]


def no_names() -> tuple[str, ...]:
    return ()


def model_names() -> tuple[str, ...]:
    """The bundled model, and those of the hub cache."""
    return (DEMO, *cached_models())


NAMES: dict[str, Names] = {
    "model_name": model_names,
    "dataset_path": cached_datasets,
    "validation_path": cached_datasets,
}
"""Options that take names of the hub beside paths."""


async def path_completion(value: str, *, in_list: bool = False, names: Names = no_names) -> str | None:
    """`value` continued to the first matching path, else name; None if there is none. In a list its last item is continued."""
    return await asyncio.to_thread(_completed_item if in_list else _completed, value, names)


def _completed_item(value: str, names: Names) -> str | None:
    """The part after the last comma that separates, where commas in names stand after a backslash."""
    written = LAST_ITEM.search(value)
    item = written.group().replace("\\,", ",") if written else ""
    completed = _completed(item, names) if item else None
    return None if completed is None else value + completed[len(item) :].replace(",", "\\,")


def _completed(value: str, names: Names) -> str | None:
    fitting = (name for name in names() if name.startswith(value) and name != value)
    return _completed_path(value) or next(fitting, None)


def _completed_path(value: str) -> str | None:
    folder, _, start_of_name = value.rpartition("/")
    place = typed_path(f"{folder}/" if "/" in value else ".")
    try:
        names = sorted(path.name + ("/" if path.is_dir() else "") for path in place.iterdir())
    except OSError:
        return None
    if {start_of_name, f"{start_of_name}/"} & {*names}:
        return None  # complete as it is
    fitting = [name for name in names if name.startswith(start_of_name) and (start_of_name or name[0] != ".")]
    return value[: len(value) - len(start_of_name)] + fitting[0] if fitting else None
