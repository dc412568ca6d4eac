"""The store: a run is found by id, prefix, path or `latest`; nothing outside the root is ever deleted."""

from pathlib import Path

import pytest
from run_factory import make_run

from phi_core.errors import RunError
from phi_core.runs.reader import read_run
from phi_core.runs.store import RunStore, runs_root


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """Three finished runs and one that goes on, of different age, beside things that are no runs."""
    root = tmp_path / "runs"
    for age, name in enumerate(["20250101-phi", "20250102-phi", "20250102-phi-2"]):
        make_run(root, name, created=100.0 + age)
    make_run(root, "20250103-live", state="running", created=50.0)
    (root / "notes").mkdir()
    (root / "notes.txt").write_text("no run")
    (root / ".new-run-x").mkdir()
    return RunStore(root)


def test_runs_are_listed_newest_first_and_nothing_else(store: RunStore) -> None:
    assert [run.id for run in store.runs()] == [
        "20250102-phi-2",
        "20250102-phi",
        "20250101-phi",
        "20250103-live",
    ]


def test_listing_again_sees_what_is_new_and_what_has_gone(store: RunStore) -> None:
    store.runs()
    make_run(store.root, "20250104-new", created=200.0)
    store.delete(store.find("20250101"))
    assert [run.id for run in store.runs()] == [
        "20250104-new",
        "20250102-phi-2",
        "20250102-phi",
        "20250103-live",
    ]


def test_a_store_without_its_folder_is_empty(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "nowhere")
    assert store.runs() == []
    with pytest.raises(RunError, match="there is no run in"):
        store.find("latest")
    assert not store.root.exists()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("latest", "20250102-phi-2"),
        ("20250101", "20250101-phi"),
        ("20250102-phi", "20250102-phi"),
        ("20250102-phi-", "20250102-phi-2"),
    ],
)
def test_a_run_is_found_by_id_unique_prefix_and_latest(store: RunStore, name: str, found: str) -> None:
    assert store.find(name).id == found


def test_a_run_is_found_by_its_path_wherever_it_is(store: RunStore, tmp_path: Path) -> None:
    elsewhere = make_run(tmp_path, "elsewhere")
    assert store.find(str(elsewhere)).path == elsewhere
    assert store.find(str(store.root / "20250101-phi")).id == "20250101-phi"


def test_an_ambiguous_prefix_names_the_runs_that_it_fits(store: RunStore) -> None:
    with pytest.raises(
        RunError, match=r"'202501' fits 4 runs: 20250101-phi, 20250102-phi.*Give more of the id"
    ):
        store.find("202501")


@pytest.mark.parametrize("name", ["2024", "phi", "", "no/such/path", "notes", "*", "..", "."])
def test_what_names_no_run_is_refused(store: RunStore, name: str) -> None:
    with pytest.raises(RunError, match=r"there is no run|fits 4 runs"):
        store.find(name)


def test_labels_are_changed_one_by_one(store: RunStore) -> None:
    run = store.find("20250101")
    store.label(run, {"name": "pirate", "tags": ["a"]})
    store.label(run, {"note": "good"})
    again = store.find("20250101")
    assert again.labels == {"name": "pirate", "tags": ["a"], "note": "good"}
    assert again.name == "pirate"


def test_a_live_run_is_not_deleted(store: RunStore) -> None:
    with pytest.raises(RunError, match=r"20250103-live is running.*Stop it first"):
        store.delete(store.find("20250103"))
    assert store.find("20250103").path.is_dir()


def test_nothing_outside_the_root_is_deleted(store: RunStore, tmp_path: Path) -> None:
    elsewhere = make_run(tmp_path, "elsewhere")
    nested = make_run(store.root / "notes", "nested")
    (store.root / "link").symlink_to(elsewhere)
    for path in (elsewhere, nested, store.root / "link"):
        with pytest.raises(RunError, match="not directly under"):
            store.delete(read_run(path))
    assert elsewhere.is_dir() and nested.is_dir()


def test_a_run_that_is_a_link_to_another_run_is_not_deleted(store: RunStore) -> None:
    (store.root / "again").symlink_to(store.root / "20250101-phi")
    with pytest.raises(RunError, match="not directly under"):
        store.delete(store.find("again"))
    assert store.find("20250101").path.is_dir()


def test_a_deleted_run_is_gone_whole(store: RunStore) -> None:
    run = store.find("20250101")
    store.delete(run)
    assert not run.path.exists()
    assert (store.root / "notes").is_dir()


def test_the_root_is_as_given_else_the_usual_one() -> None:
    assert runs_root("~/x") == Path("~/x").expanduser()
    assert runs_root(None) == Path("runs")
