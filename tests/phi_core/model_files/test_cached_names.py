"""Names of what the hub cache holds: read from folders, without the network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from phi_core.model_files.cached_names import cached_datasets, cached_models
from phi_core.model_files.folder import hub_cache


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    hub_cache.cache_clear()
    yield tmp_path / "hub"
    hub_cache.cache_clear()


def test_models_and_datasets_with_files_are_named(cache: Path) -> None:
    for name in ("models--microsoft--phi-2", "models--gpt2", "datasets--rajpurkar--squad"):
        snapshot = cache / name / "snapshots" / "abc"
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text("{}")
    (cache / "models--interrupted--one" / "snapshots" / "abc").mkdir(parents=True)
    (cache / "models--only--refs" / "refs").mkdir(parents=True)
    (cache / "version.txt").write_text("1")
    assert cached_models() == ("gpt2", "microsoft/phi-2")
    assert cached_datasets() == ("rajpurkar/squad",)


def test_without_a_cache_there_are_no_names(cache: Path) -> None:
    assert cached_models() == cached_datasets() == ()
