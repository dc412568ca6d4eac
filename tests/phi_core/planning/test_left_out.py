"""A worker leaves bitsandbytes out of its imports, unless its run or its base needs it."""

import json
import sys
from pathlib import Path

import pytest

from phi_core.config.problems import checked
from phi_core.planning.extras import is_installed
from phi_core.planning.left_out import leave_out_what_is_not_needed

PACKAGE = "bitsandbytes"


@pytest.fixture(autouse=True)
def nothing_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGE, None)  # so that the end of the test brings back what was there
    monkeypatch.delitem(sys.modules, PACKAGE)


@pytest.mark.parametrize(
    ("options", "is_left_out"),
    [
        ({}, True),
        ({"optimizer": "lion"}, True),
        ({"optimizer": "paged_adamw"}, False),
        ({"optimizer": "adamw_8bit"}, False),
        ({"quantization": "4bit"}, False),
    ],
)
def test_only_a_run_that_computes_with_it_imports_it(
    tmp_path: Path, options: dict[str, str], is_left_out: bool
) -> None:
    (tmp_path / "config.json").write_text("{}")
    leave_out_what_is_not_needed(checked({"model_name": str(tmp_path), "dataset_path": "d", **options}))
    assert (PACKAGE in sys.modules) is is_left_out


def test_a_base_whose_files_are_in_few_bits_needs_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"quantization_config": {"load_in_4bit": True}}))
    leave_out_what_is_not_needed(checked({"model_name": str(tmp_path), "dataset_path": "d"}))
    assert PACKAGE not in sys.modules


def test_left_out_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    was_installed = is_installed(PACKAGE)
    leave_out_what_is_not_needed(checked({"model_name": str(tmp_path), "dataset_path": "d"}))
    assert is_installed(PACKAGE) or not was_installed
