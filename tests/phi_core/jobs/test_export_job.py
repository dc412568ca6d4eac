"""The export job: progress, an end by request, room on the disk, and names that tell nothing of this machine."""

import shutil
import threading
from pathlib import Path

import pytest

from phi_core.errors import RequestError, WorkError
from phi_core.jobs import export_job
from phi_core.jobs.export_job import ExportRequest, export, exported_base_name


def test_progress_is_told_and_the_target_appears_whole(
    tiny_phi: Path, tiny_adapter: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    target = tmp_path / "new" / "merged"
    request = ExportRequest(tiny_adapter, str(tiny_phi), target, "merged")

    def on_progress(text: str) -> None:
        told.append(text)
        assert not target.exists()

    found = export(request, on_progress=on_progress)
    assert [text.split()[0] for text in told] == ["loading", "base", "merging,", "loading"]
    assert (
        found.bytes > 100_000 and (target / "model.safetensors").exists() and (target / "README.md").exists()
    )
    assert [path.name for path in target.parent.iterdir()] == ["merged"]


def test_an_export_can_be_stopped_and_leaves_nothing(
    tiny_phi: Path, tiny_adapter: Path, tmp_path: Path
) -> None:
    stop = threading.Event()
    request = ExportRequest(tiny_adapter, str(tiny_phi), tmp_path / "merged", "merged")
    with pytest.raises(WorkError, match="the export was stopped"):
        export(request, on_progress=lambda _: stop.set(), stop=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_full_is_told_before_the_work(
    tiny_phi: Path, tiny_adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(export_job.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(RequestError, match="the merged model takes about"):
        export(ExportRequest(tiny_adapter, str(tiny_phi), tmp_path / "merged", "merged"))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled_and_a_link_is_not_followed(tiny_adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    export(ExportRequest(tiny_adapter, "gpt2", tmp_path / "empty"))
    assert (tmp_path / "empty" / "adapter_model.safetensors").exists(), "an adapter needs no base at hand"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RequestError, match="is not an empty folder"):
        export(ExportRequest(tiny_adapter, "gpt2", tmp_path / "link"))


def test_a_place_that_cannot_be_written_is_refused(tiny_adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="cannot be written"):
        export(ExportRequest(tiny_adapter, "gpt2", tmp_path / "file" / "out"))


def test_the_base_is_named_for_others(tmp_path: Path) -> None:
    cached = "/root/.cache/huggingface/hub/models--microsoft--phi-2/snapshots/ef38"
    assert exported_base_name(cached, for_hub=False) == "microsoft/phi-2"
    assert exported_base_name("microsoft/phi-2", for_hub=True) == "microsoft/phi-2"
    assert exported_base_name(str(tmp_path), for_hub=True) == tmp_path.name
    assert exported_base_name(str(tmp_path), for_hub=False) == str(tmp_path)
