"""The floors: who may import whom. The table is the architecture; the test walks every import, late ones too."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]

ROOMS: dict[str, tuple[str, set[str], set[str]]] = {
    # room: (side, rooms it may import, packages it may import)
    "phi_core": ("light", {"config"}, set()),
    "errors": ("light", set(), set()),
    "plain_text": ("light", set(), set()),
    "counted": ("light", set(), set()),
    "files": ("light", {"errors"}, set()),
    "json_lines": ("light", set(), set()),
    "config": ("light", {"errors", "schedules"}, {"pydantic", "pydantic_core", "yaml"}),
    "schedules": ("light", {"errors"}, set()),
    "model_files": ("light", {"errors", "files", "config"}, {"huggingface_hub"}),
    "chat": ("light", {"errors", "plain_text", "files", "config", "model_files"}, {"jinja2", "tokenizers"}),
    "data": (
        "light",
        {"errors", "plain_text", "files", "config", "schedules", "chat"},
        {"pyarrow", "datasets", "huggingface_hub"},
    ),
    "samples": (
        "light",
        {"errors", "plain_text", "files", "config", "chat", "data"},
        {"pyarrow", "numpy", "platformdirs"},
    ),
    "runs": ("light", {"errors", "files", "config"}, {"psutil", "pydantic_core", "yaml"}),
    "evaluation": (
        "light",
        {"errors", "files", "json_lines", "plain_text", "counted", "config", "chat", "runs"},
        {"yaml", "numpy", "sacrebleu", "jsonschema", "referencing"},
    ),
    "planning": (
        "light",
        {"errors", "files", "config", "schedules", "model_files", "chat", "data", "samples"},
        {"psutil", "pynvml", "numpy", "platformdirs"},
    ),
    "jobs": (
        "light",
        {"phi_core", "errors", "files", "config", "chat", "model_files", "runs", "planning", "evaluation"},
        {"psutil", "filelock", "yaml", "httpx2"},
    ),
    "search": (
        "light",
        {"errors", "files", "json_lines", "config", "runs", "jobs", "evaluation"},
        {"optuna", "filelock"},
    ),
    "demo": ("light", {"errors"}, {"yaml"}),
    "guide": ("light", {"errors"}, set()),
    "models": (
        "heavy",
        {"errors", "files", "config", "chat", "model_files"},
        {"torch", "transformers", "peft", "safetensors", "huggingface_hub", "bitsandbytes", "psutil"},
    ),
    "training": (
        "heavy",
        {
            *("errors", "files", "config", "schedules", "chat", "model_files", "samples", "planning"),
            *("plain_text", "runs", "models", "inference"),
        },
        {"torch", "transformers", "peft", "accelerate", "bitsandbytes"},
    ),
    "inference": (
        "heavy",
        {"phi_core", "errors", "config", "chat", "models"},
        {"torch", "transformers", "peft", "tokenizers"},
    ),
    "workers": (
        "heavy",
        {
            *("errors", "files", "config", "chat", "data", "evaluation", "runs", "planning", "jobs"),
            *("model_files", "models", "training", "inference"),
        },
        {"torch", "transformers", "peft", "filelock"},
    ),
    "cli": (
        "light",
        {
            *(
                "phi_core",
                "errors",
                "plain_text",
                "counted",
                "files",
                "config",
                "schedules",
                "chat",
                "model_files",
            ),
            *("data", "samples", "runs", "evaluation", "planning", "jobs", "search", "demo"),
            *("guide", "phi_tui"),
        },
        {"cyclopts", "plotext"},
    ),
    "phi_tui": (
        "light",
        {
            *(
                "phi_core",
                "errors",
                "plain_text",
                "counted",
                "files",
                "config",
                "schedules",
                "chat",
                "model_files",
            ),
            *("data", "samples", "runs", "evaluation", "planning", "jobs", "demo", "guide"),
        },
        {"textual", "rich", "markdown_it", "plotext", "yaml", "psutil", "platformdirs"},
    ),
    "__main__": ("light", {"cli"}, set()),
}
SCRIPTS = {
    "phi_core/demo/build_demo_model.py": {"torch", "transformers", "tokenizers", "yaml"},
}
"""Run by hand, imported by nobody; what they may import besides their room's own."""
DOORS = {"phi_core/__init__.py": {"phi_core.training.trainer"}}
"""Public names that are looked up when they are asked for: `from phi_core import PHITrainer` is what loads them."""
HEAVY_PACKAGES = {"torch", "transformers", "peft", "accelerate", "safetensors"}
LATE_PACKAGES = {"datasets", "pyarrow", "numpy", "optuna", "httpx2"}
"""The light side imports them inside functions: when data is read, a search asks for its next trial, or an endpoint for an answer."""
NAMELESS = ("utils", "util", "helpers", "helper", "common", "manager", "misc")


def test_every_import_stays_on_its_floor() -> None:
    violations = [
        f"{path}:{line} imports {name}"
        for path in _sources()
        for line, name in _imports(path)
        if not _is_allowed(path, name)
    ]
    assert not violations, "\n".join(["these imports leave their floor:", *violations])


def test_every_room_is_in_the_table_and_the_table_holds_no_other() -> None:
    assert {_room(path) for path in _sources()} == set(ROOMS)


def test_the_light_side_may_import_no_heavy_room_and_no_heavy_package() -> None:
    heavy = {room for room, (side, _, _) in ROOMS.items() if side == "heavy"}
    for room, (side, rooms, packages) in ROOMS.items():
        if side == "light":
            assert not rooms & heavy, room
            assert not packages & HEAVY_PACKAGES, room


def test_large_packages_are_imported_only_when_they_are_used() -> None:
    early = [
        f"{path}:{line} imports {name}"
        for path in _sources()
        for line, name in _imports_at_start(path)
        if name.split(".")[0] in LATE_PACKAGES and ROOMS[_room(path)][0] == "light"
    ]
    assert not early, "\n".join(early)


def test_the_floors_have_no_stairs_in_a_circle() -> None:
    below = {room: {*rooms} - {room} for room, (_, rooms, _) in ROOMS.items()}
    while below:
        ground = {room for room, rooms in below.items() if not rooms & below.keys()}
        assert ground, f"these rooms import one another: {sorted(below)}"
        below = {room: rooms for room, rooms in below.items() if room not in ground}


def test_workers_and_scripts_are_imported_by_nobody() -> None:
    entries = {"phi_core.workers", *(script.removesuffix(".py").replace("/", ".") for script in SCRIPTS)}
    found = [
        f"{path}:{line} imports {name}"
        for path in _sources()
        for line, name in _imports(path)
        if any(name == entry or name.startswith(f"{entry}.") for entry in entries)
    ]
    assert not found, "\n".join(found)


def test_every_module_has_found_its_noun() -> None:
    parts = {part for path in _sources() for part in path.with_suffix("").parts}
    assert not {part for part in parts if any(word in part.split("_") for word in NAMELESS)}


def _sources() -> list[Path]:
    folders = [PROJECT / "phi_core", PROJECT / "phi_tui"]
    return sorted(path.relative_to(PROJECT) for folder in folders for path in folder.rglob("*.py"))


def _room(path: Path) -> str:
    if path.parts[0] == "phi_tui":
        return "phi_tui"
    first = path.parts[1] if len(path.parts) > 2 else path.stem
    return "phi_core" if first == "__init__" else first


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything that is imported, inside functions too; names of `from` are joined on."""
    for node in ast.walk(ast.parse((PROJECT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def _imports_at_start(path: Path) -> Iterator[tuple[int, str]]:
    """The imports that are carried out when the module is: those in functions and for types are not."""
    for node in ast.parse((PROJECT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def _is_allowed(path: Path, name: str) -> bool:
    room, top = _room(path), name.split(".")[0]
    _, rooms, packages = ROOMS[room]
    if name.rpartition(".")[0] in DOORS.get(str(path), ()):
        return True
    if top == "phi_core":
        return _imported_room(name) in {room, *rooms}
    if top == "phi_tui":
        return room == "phi_tui" or (room == "cli" and "phi_tui" in rooms)
    return top in sys.stdlib_module_names or top in packages | SCRIPTS.get(str(path), set())


def _imported_room(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "phi_core"
