"""What the documents claim is what the code does."""

import runpy
from pathlib import Path

from phi_core.cli.main import COMMANDS
from phi_core.config.reference import reference

ROOT = Path(__file__).parents[2]


def test_the_configuration_reference_is_the_one_that_the_code_writes() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == reference()


def test_the_table_of_schedules_is_the_one_that_its_command_prints() -> None:
    table = runpy.run_path(str(ROOT / "benchmarks" / "schedules.py"))["table"]
    assert table() in (ROOT / "docs" / "schedules.md").read_text(encoding="utf-8")


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"phi {name.split()[0]}" not in readme] == []
    assert [name for name in COMMANDS if name.split()[-1] not in readme] == []


def test_continuous_integration_runs_the_readme_s_test_command() -> None:
    """.ci/run takes the line from the README, so there is nothing to disagree."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.count(".venv/bin/pytest\n") == 1
    assert "README.md" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
