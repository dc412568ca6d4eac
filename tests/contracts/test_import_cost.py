"""The torch line, seen by a clean interpreter: nothing light loads anything heavy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "peft", "accelerate", "datasets", "pyarrow", "optuna", "numpy")
LIGHT_ROOMS = (
    *(
        "errors",
        "plain_text",
        "files",
        "config",
        "schedules",
        "model_files",
        "chat",
        "data",
        "samples",
        "runs",
    ),
    *("evaluation", "planning", "jobs", "search", "demo", "guide", "cli"),
)
SCRIPTS = ("phi_core.demo.build_demo_model",)

IMPORT_ROOM = """
import importlib, json, pkgutil, sys
room, *left_out = sys.argv[1:]
package = importlib.import_module(room)
for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{room}."):
    if module.name not in left_out:
        importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("room", [f"phi_core.{room}" for room in LIGHT_ROOMS])
def test_a_light_room_loads_nothing_heavy_and_no_screen(room: str) -> None:
    assert _loaded(room) & {*HEAVY, "textual", "phi_tui"} == set()


def test_the_app_loads_nothing_heavy() -> None:
    assert _loaded("phi_tui") & {*HEAVY} == set()


def test_the_package_itself_loads_none_of_its_rooms() -> None:
    code = "import json, sys, phi_core; print(json.dumps(sorted(sys.modules)))"
    names = json.loads(_python("-c", code))
    assert [name for name in names if name.startswith("phi_core")] == ["phi_core"]


def test_naming_the_commands_loads_none_of_them() -> None:
    code = "import json, sys; from phi_core.cli.main import command_table; command_table(); print(json.dumps(sorted(sys.modules)))"
    names = {name for name in json.loads(_python("-c", code)) if name.startswith("phi_core.cli.")}
    assert names == {"phi_core.cli.main"}


def test_the_command_line_starts_without_the_app() -> None:
    assert "Usage: phi COMMAND" in _python("-m", "phi_core", "--help")


def _loaded(room: str) -> set[str]:
    """Top-level packages in `sys.modules` after importing every module of a room."""
    return {name.split(".")[0] for name in json.loads(_python("-c", IMPORT_ROOM, room, *SCRIPTS))}


def _python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
