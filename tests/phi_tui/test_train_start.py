"""Train for somebody new: start from a file or the defaults, complete paths, read what is wrong, queue several runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.jobs.queue import queued
from phi_core.model_files.folder import hub_cache
from phi_core.runs.reader import read_run
from phi_tui.path_completion import model_names, path_completion
from phi_tui.screens.start_from import StartFrom
from phi_tui.views.train import TrainView
from phi_tui.widgets.field import TextField
from phi_tui.widgets.option_form import OptionForm
from phi_tui.widgets.sample_sheet import SampleSheet


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PHI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PHI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    hub_cache.cache_clear()
    yield
    hub_cache.cache_clear()


@pytest.fixture
def form(folder: Path) -> Path:
    """A configuration of the bundled model on forty records."""
    lines = (json.dumps({"prompt": f"question {n}", "response": f"answer {n}"}) for n in range(40))
    (folder / "data.jsonl").write_text("\n".join(lines))
    values = {"model_name": "demo", "dataset_path": "data.jsonl", "epochs": 2, "batch_size": 8}
    (folder / "train.yaml").write_text(yaml.safe_dump({**values, "gradient_accumulation_steps": 2}))
    return folder


def _view(pilot: Pilot[None]) -> TrainView:
    return pilot.app.query_one(TrainView)


def _draft(pilot: Pilot[None]) -> dict[str, str]:
    return dict(_view(pilot).draft.texts)


async def _ready(pilot: Pilot[None], option: str = "model_name") -> None:
    await wait_until(
        pilot, lambda: bool(pilot.app.query(TrainView)) and pilot.app.focused is not None, "focus"
    )
    form = pilot.app.query_one(OptionForm)
    form.focus_option(option)
    await wait_until(pilot, lambda: form.focused_name == option)


async def test_starting_from_a_file_or_the_defaults_asks_about_changes(folder: Path) -> None:
    (folder / "other.yaml").write_text("lora_r: 4\n")
    async with app_on(folder).run_test(size=(80, 24), notifications=True) as pilot:
        await _ready(pilot)
        await pilot.press("ctrl+n")
        await wait_for_text(pilot, "in this folder")
        await pilot.press("down")
        await wait_for_text(pilot, "other.yaml sets lora_r 4. It changes 1 option of the form.")
        await pilot.press("enter")
        await wait_until(pilot, lambda: _draft(pilot) == {"lora_r": "4"})
        _view(pilot).use_texts({"seed": "3"})
        await pilot.press("ctrl+n")
        await wait_for_text(pilot, "opened lately")
        await pilot.press("enter")
        await wait_for_text(pilot, "Forget the unsaved changes?")
        await pilot.press("enter")
        await wait_until(pilot, lambda: _draft(pilot) == {})
        await pilot.press("ctrl+n")
        await wait_for_text(pilot, "opened lately")
        await pilot.press("tab", *"ot")
        await wait_for_text(pilot, "other.yaml")
        line = pilot.app.screen.query_one("#start-path")
        await wait_until(pilot, lambda: line._suggestion == "other.yaml")  # type: ignore[attr-defined]
        await pilot.press("tab", "enter")
        await wait_until(pilot, lambda: _draft(pilot) == {"lora_r": "4"})
        assert not isinstance(pilot.app.screen, StartFrom)


async def test_tab_completes_a_path_and_goes_on_where_there_is_nothing_to_complete(folder: Path) -> None:
    (folder / "my data").mkdir()
    (folder / "my data" / "eval[1].jsonl").write_text("")
    async with app_on(folder).run_test(size=(80, 24)) as pilot:
        await _ready(pilot, "dataset_path")
        field = pilot.app.focused
        assert isinstance(field, TextField)
        await pilot.press(*"my")
        await wait_until(pilot, lambda: field._suggestion == "my data/")
        await pilot.press("tab")
        await wait_until(pilot, lambda: field._suggestion == "my data/eval[1].jsonl")
        await pilot.press("tab")
        await wait_until(pilot, lambda: _draft(pilot).get("dataset_path") == "my data/eval[1].jsonl")
        await pilot.press("tab")
        await wait_until(pilot, lambda: pilot.app.query_one(OptionForm).focused_name == "validation_fraction")


async def test_names_of_the_hub_cache_and_the_bundled_model_complete(folder: Path) -> None:
    for kind in ("models--microsoft--phi-2", "datasets--rajpurkar--squad"):
        snapshot = hub_cache() / kind / "snapshots" / "abc"
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text("{}")
    assert await path_completion("mic", names=model_names) == "microsoft/phi-2"
    assert await path_completion("microsoft/p", names=model_names) == "microsoft/phi-2"
    assert await path_completion("de", names=model_names) == "demo"
    async with app_on(folder).run_test(size=(80, 24)) as pilot:
        await _ready(pilot, "dataset_path")
        await pilot.press(*"raj")
        field = pilot.app.focused
        await wait_until(pilot, lambda: field._suggestion == "rajpurkar/squad")  # type: ignore[union-attr]


async def test_a_folder_that_cannot_be_read_completes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> Iterator[Path]:
        raise PermissionError(13, "no", str(self))

    monkeypatch.setenv("HOME", str(folder))
    (folder / "data.jsonl").write_text("")
    assert await path_completion("~/da") == "~/data.jsonl"
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert await path_completion("~/da") is None
    assert await path_completion("x", names=model_names) is None


async def test_what_planning_finds_stands_beside_its_field(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: "model_name" in _draft(pilot))
        _view(pilot).use_texts({"dataset_path": "nope.jsonl"})
        await wait_for_text(pilot, "dataset nope.jsonl does not exist")
        rows = pilot.app.query_one(OptionForm)._rows
        assert rows["dataset_path"].has_class("-wrong")
        _view(pilot).use_texts({"dataset_path": "data.jsonl", "validation_path": "missing.jsonl"})
        await wait_until(pilot, lambda: rows["validation_path"].has_class("-wrong"))
        assert not rows["dataset_path"].has_class("-wrong")
        _view(pilot).use_texts({"validation_path": "", "accelerate_config": "no.yaml"})
        await wait_until(pilot, lambda: rows["accelerate_config"].has_class("-wrong"))
        _view(pilot).use_texts({"accelerate_config": "", "model_name": "./nowhere"})
        await wait_until(pilot, lambda: rows["model_name"].has_class("-wrong"))
        _view(pilot).use_texts({"model_name": "demo"})
        await wait_until(pilot, lambda: not rows["model_name"].has_class("-wrong"))


async def test_a_launch_with_problems_lists_them_and_leads_to_the_one_chosen(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: "model_name" in _draft(pilot))
        await _ready(pilot)
        _view(pilot).use_texts({"lora_r": "abc", "learning_rate": "-1", "epochs": "nan"})
        for key in ("ctrl+r", "ctrl+j", "ctrl+s"):
            await pilot.press(key)
            await wait_for_text(pilot, "3 problems. Which first?")
            text = screen_text(pilot.app)
            assert "lora_r: must be a whole number" in text and "got '-1'" in text and "got 'nan'" in text
            await pilot.press("down", "enter")
            await wait_until(pilot, lambda: pilot.app.query_one(OptionForm).focused_name == "epochs")
    assert not (form / "runs").exists()


async def test_the_plan_shows_batch_memory_a_record_and_the_command_with_its_yaml(form: Path) -> None:
    async with app_on(form).run_test(size=(100, 60)) as pilot:
        await wait_until(
            pilot, lambda: bool(pilot.app.query(TrainView)) and _view(pilot).plan.preview is not None
        )
        await wait_for_text(pilot, "8 × 2 = 16 records a step")
        text = screen_text(pilot.app)
        assert "░" in text and "tokens trained" in text
        assert "One record as the model sees it" in text and "trained │" in text
        assert "phi train --model_name demo" in text and "gradient_accumulation_steps: 2" in text
        _view(pilot).use_texts({"model_name": "some/where"})
        await wait_until(pilot, lambda: not pilot.app.query_one(SampleSheet).display)
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await _ready(pilot)
        await pilot.press("f8")
        await wait_for_text(pilot, "records a step")


async def test_several_runs_are_listed_then_queued_each_with_its_name(
    form: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phi_tui.queue_runs.ensure_runner", lambda root: False)  # so that they keep waiting
    async with app_on(form).run_test(size=(80, 24), notifications=True) as pilot:
        await wait_until(pilot, lambda: "model_name" in _draft(pilot))
        await pilot.press("ctrl+j")
        await wait_for_text(pilot, "1 run: the form as it is")
        await pilot.press(*"learning_rate=1e-4,abc")
        await wait_for_text(pilot, "Nothing can be queued yet")
        await pilot.press("enter", "backspace", "backspace", "backspace", *"2e-4 se")
        line = pilot.app.screen.query_one("#queue-line")
        await wait_until(pilot, lambda: str(line._suggestion).endswith("seed="))  # type: ignore[attr-defined]
        await pilot.press("tab", *"1,2")
        await wait_for_text(pilot, "4 runs of at most 64")
        assert "3  learning_rate=2e-4 seed=1" in screen_text(pilot.app)
        await pilot.press("enter")
        await wait_for_text(pilot, "Queued 4 runs; the first is the next to start")
    runs = [read_run(waiting.path) for waiting in queued(form / "runs")]
    assert [run.name for run in runs] == [
        "learning_rate=1e-4 seed=1",
        "learning_rate=1e-4 seed=2",
        "learning_rate=2e-4 seed=1",
        "learning_rate=2e-4 seed=2",
    ]
    assert [(run.config["learning_rate"], run.config["seed"]) for run in runs] == [
        (1e-4, 1),
        (1e-4, 2),
        (2e-4, 1),
        (2e-4, 2),
    ]


async def test_of_several_runs_none_is_made_if_one_cannot_be(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 24), notifications=True) as pilot:
        await wait_until(pilot, lambda: "model_name" in _draft(pilot))
        await _ready(pilot)
        await pilot.press("ctrl+j")
        await wait_for_text(pilot, "1 run: the form as it is")
        await pilot.press(*"dataset_path=data.jsonl|gone.jsonl", "enter")
        await wait_for_text(pilot, "gone.jsonl does not exist")
    assert not list((form / "runs").glob("*/run.json"))


async def test_a_file_of_another_folder_says_where_its_paths_count_from(folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "records.jsonl").write_text("")
    (other / "c.yaml").write_text("dataset_path: records.jsonl\n")
    async with app_on(folder, config=Path("../other/c.yaml")).run_test(
        size=(80, 24), notifications=True
    ) as pilot:
        await wait_for_text(pilot, "records.jsonl stands beside that file")
