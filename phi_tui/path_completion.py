"""How a path goes on that somebody types. Looks into folders in a thread."""

import asyncio
import re

from phi_core.files import typed_path

LAST_ITEM = re.compile(r"([^,\\\s]|\\.)([^,\\]|\\.)*$")


async def path_completion(value: str, *, in_list: bool = False) -> str | None:
    """`value` continued to the first matching path; None if there is none. In a list its last item is continued."""
    return await asyncio.to_thread(_completed_item if in_list else _completed, value)


def _completed_item(value: str) -> str | None:
    """The part after the last comma that separates, where commas in names stand after a backslash."""
    written = LAST_ITEM.search(value)
    item = written.group().replace("\\,", ",") if written else ""
    completed = _completed(item) if item else None
    return None if completed is None else value + completed[len(item) :].replace(",", "\\,")


def _completed(value: str) -> str | None:
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
