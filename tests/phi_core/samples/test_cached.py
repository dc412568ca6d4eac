"""Prepared data: what it takes, and that only what was not used since goes."""

import os
import time
from pathlib import Path

import pytest
from prepared_data import prepared_rows

from phi_core.samples.cache import NEW
from phi_core.samples.cached import forget, prepared_uses

ROWS = [{"prompt": f"What is {count}?", "response": str(count)} for count in range(8)]
DAY = 86_400


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "prepared"


def test_a_dataset_is_listed_removed_and_prepared_again(tmp_path: Path, own_cache: Path) -> None:
    first = prepared_rows(tmp_path, ROWS)
    (use,) = prepared_uses()
    assert use.folder.parent == own_cache
    assert use.bytes == sum(path.stat().st_size for path in use.folder.rglob("*"))
    assert forget([use]) == (use,) and prepared_uses() == () and list(own_cache.iterdir()) == []
    assert prepared_rows(tmp_path, ROWS).fingerprint == first.fingerprint and len(prepared_uses()) == 1


def test_what_is_mapped_can_still_be_read(tmp_path: Path) -> None:
    data = prepared_rows(tmp_path, ROWS)
    forget(prepared_uses())
    assert len(data) == 8


def test_only_idle_datasets_are_named(tmp_path: Path) -> None:
    prepared_rows(tmp_path, ROWS)
    (use,) = prepared_uses()
    assert prepared_uses(idle_days=1) == ()
    os.utime(use.folder, (time.time() - 2 * DAY,) * 2)
    assert len(prepared_uses(idle_days=1)) == 1


def test_what_was_used_since_stays(tmp_path: Path) -> None:
    prepared_rows(tmp_path, ROWS)
    (use,) = prepared_uses()
    os.utime(use.folder, (use.used + 5,) * 2)
    assert forget([use]) == () and use.folder.is_dir()


def test_what_is_being_written_and_what_is_a_link_are_passed_over(tmp_path: Path, own_cache: Path) -> None:
    own_cache.mkdir(parents=True)
    (own_cache / f"{NEW}host-1-x").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (own_cache / "link").symlink_to(tmp_path / "elsewhere")
    assert prepared_uses() == ()
