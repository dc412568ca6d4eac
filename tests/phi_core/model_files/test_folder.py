"""Where a model's files are: a folder, the demo, or the hub's cache; never the network."""

from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from phi_core.errors import ModelError
from phi_core.model_files.folder import (
    DEMO,
    commit_of,
    hub_cache,
    locate,
    looks_like_path,
    read_json,
    resolved_name,
)

COMMITS = ("a" * 40, "b" * 40)


@pytest.fixture
def cached() -> Iterator[Path]:
    """A hub model of two commits in the cache: `main` is the first."""
    root = hub_cache() / "models--someone--model"
    for commit in COMMITS:
        (root / "snapshots" / commit).mkdir(parents=True)
        (root / "snapshots" / commit / "config.json").write_text("{}")
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(COMMITS[0])
    yield root
    rmtree(root)


def test_a_folder_is_its_own_place(tiny_phi: Path) -> None:
    assert locate(str(tiny_phi)) == tiny_phi


def test_the_demo_lies_in_the_package() -> None:
    found = locate(DEMO)
    assert found is not None and found.parts[-4:] == ("phi_core", "demo", "assets", "model")


def test_a_cached_hub_model_is_found_by_branch_and_by_commit(cached: Path) -> None:
    assert locate("someone/model") == cached / "snapshots" / COMMITS[0]
    assert locate("someone/model", COMMITS[1]) == cached / "snapshots" / COMMITS[1]
    assert locate("someone/model", "v2") is None


def test_a_snapshot_without_config_is_not_there(cached: Path) -> None:
    (cached / "snapshots" / COMMITS[0] / "config.json").unlink()
    assert locate("someone/model") is None


@pytest.mark.parametrize("name", ["microsoft/phi-2", "gpt2"])
def test_a_hub_id_that_is_not_cached_is_nowhere(name: str) -> None:
    assert locate(name) is None


@pytest.mark.parametrize("name", ["./x", "../x", "/x", "~/x", "a/b/c", "a\\b"])
def test_a_path_that_does_not_exist_is_refused_and_never_looked_for_on_the_hub(name: str) -> None:
    assert looks_like_path(name)
    with pytest.raises(ModelError, match="does not exist"):
        locate(name)


def test_what_is_no_model_folder_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        locate(str(tmp_path))
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="holds an adapter: name it with --adapter"):
        locate(str(tmp_path))
    with pytest.raises(ModelError, match="is a file"):
        locate(str(tmp_path / "adapter_config.json"))


def test_names_stay_valid_elsewhere(tiny_phi: Path) -> None:
    assert resolved_name(str(tiny_phi)) == str(tiny_phi.resolve())
    assert resolved_name("microsoft/phi-2") == "microsoft/phi-2"
    assert resolved_name(DEMO) == DEMO


def test_a_json_file_is_read_missing_is_empty_broken_is_an_error(tmp_path: Path) -> None:
    assert read_json(tmp_path, "x.json") == {}
    for content, said in (("{", "cannot be read"), ("[1]", "holds a list"), ("\xff", "cannot be read")):
        (tmp_path / "x.json").write_text(content, encoding="latin-1")
        with pytest.raises(ModelError, match=said):
            read_json(tmp_path, "x.json")


def test_the_commit_of_a_hub_model_is_the_name_of_its_snapshot(tmp_path: Path) -> None:
    assert commit_of(tmp_path / "models--x" / "snapshots" / "0123abc") == "0123abc"
    assert commit_of(tmp_path / "my-model") is None
