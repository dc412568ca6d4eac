"""The Train tab's screens: presets, layers, schedules and memory show what the core says, and put it into the form."""

import json
from pathlib import Path

import pytest
import yaml
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.config.problems import check
from phi_core.jobs.queue import queued
from phi_core.planning.presets import find_preset, preset_file, save_preset
from phi_core.runs.probe_result import ProbeResult
from phi_tui import memory_tasks
from phi_tui.draft import Draft
from phi_tui.memory_tasks import WITHOUT_EFFECT, what_matters
from phi_tui.preset_list import applied
from phi_tui.screens.layers import Layers
from phi_tui.screens.memory import Memory
from phi_tui.screens.schedules import Schedules
from phi_tui.screens.start_from import StartFrom
from phi_tui.views.train import TrainView
from phi_tui.widgets.option_form import OptionForm
from phi_tui.widgets.option_help import HINTS, OptionHelp
from phi_tui.widgets.plot import Plot


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PHI_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def form(folder: Path) -> Path:
    """A configuration of the bundled model on forty records."""
    lines = (json.dumps({"prompt": f"question {n}", "response": f"answer {n}"}) for n in range(40))
    (folder / "data.jsonl").write_text("\n".join(lines))
    values = {"model_name": "demo", "dataset_path": "data.jsonl", "epochs": 2, "batch_size": 8}
    (folder / "train.yaml").write_text(yaml.safe_dump({**values, "gradient_accumulation_steps": 2}))
    return folder


def _draft(pilot: Pilot[None]) -> dict[str, str]:
    return dict(pilot.app.query_one(TrainView).draft.texts)


async def _opened(pilot: Pilot[None]) -> None:
    await wait_until(pilot, lambda: "model_name" in _draft(pilot), "the form is filled")
    await wait_until(pilot, lambda: pilot.app.focused is not None, "the first focus")


async def _planned(pilot: Pilot[None]) -> None:
    await _opened(pilot)
    await wait_until(pilot, lambda: _view(pilot).plan.preview is not None, "a plan")


def _view(pilot: Pilot[None]) -> TrainView:
    return pilot.app.query_one(TrainView)


async def _highlight(pilot: Pilot[None], text: str) -> None:
    """Move down the list until the row with this text has the cursor."""
    options = pilot.app.screen.query_one("OptionList")
    await wait_until(pilot, lambda: options.option_count, "rows")  # type: ignore[attr-defined]
    for place in range(options.option_count):  # type: ignore[attr-defined]
        if text in str(options.get_option_at_index(place).prompt):  # type: ignore[attr-defined]
            options.highlighted = place  # type: ignore[attr-defined]
            await pilot.pause()
            return
    raise AssertionError(f"no row with {text!r}\n{screen_text(pilot.app)}")


def test_a_preset_gives_way_to_the_form_and_to_the_next_preset() -> None:
    form = Draft({"batch_size": "3"})
    quick = applied(form, {}, find_preset("quick").values)
    assert quick.kept == ("batch_size",)
    assert quick.draft.texts == {
        "batch_size": "3",
        "gradient_accumulation_steps": "8",
        "epochs": "3",
        # 2e-4 is the default learning rate: nothing differs
    }
    low = applied(quick.draft, quick.texts, find_preset("gpu24-low").values)
    assert low.draft.texts == {"batch_size": "3", "max_length": "768"}
    all_of_it = applied(form, {}, find_preset("quick").values, over_all=True)
    assert all_of_it.draft.text("batch_size") == "2"


def test_what_was_edited_after_a_preset_is_the_users_own() -> None:
    quick = applied(Draft(), {}, find_preset("quick").values)
    edited = quick.draft.edited("epochs", "5")
    assert applied(edited, quick.texts, find_preset("production").values).draft.text("epochs") == "5"


async def test_presets_show_batch_and_estimate_and_fill_unchanged_fields(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await _opened(pilot)
        await pilot.press("ctrl+n")
        await wait_for_text(pilot, "by formula: no measurement")
        await _highlight(pilot, "mac18-low")
        await wait_for_text(pilot, "32 = 2 × 16")
        text = screen_text(pilot.app)
        assert "18 GB Mac" in text and "GiB" in text
        assert "keeps its own batch_size, gradient_accumulation_steps" in text
        await pilot.press("enter")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, StartFrom))
        assert _draft(pilot)["max_length"] == "768"
        assert (_draft(pilot)["batch_size"], _draft(pilot)["gradient_accumulation_steps"]) == ("8", "2")
        await pilot.press("ctrl+n")
        await _highlight(pilot, "mac18-low")
        await pilot.press("o")
        await wait_until(pilot, lambda: _draft(pilot)["batch_size"] == "2")


async def test_the_form_is_kept_as_a_preset_without_its_paths_and_can_be_deleted(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await _opened(pilot)
        await pilot.press("ctrl+n")
        await wait_for_text(pilot, "gpu24-high")
        await _highlight(pilot, "gpu24-high")
        await pilot.press("d")
        await wait_for_text(pilot, "built in")
        await pilot.press("s")
        await wait_for_text(pilot, "Its name:")
        await pilot.press(*"mine", "enter")
        await wait_until(pilot, lambda: preset_file("mine").exists(), "the preset's file")
        assert yaml.safe_load(preset_file("mine").read_text()) == {
            "model_name": "demo",
            "epochs": 2.0,
            "batch_size": 8,
            "gradient_accumulation_steps": 2,
        }
        await wait_for_text(pilot, "left out: dataset_path")
        await wait_for_text(pilot, "Yours")
        await _highlight(pilot, "mine")
        await pilot.press("d")
        await wait_for_text(pilot, "Delete your preset mine?")
        await pilot.press("enter")
        await wait_until(pilot, lambda: not preset_file("mine").exists())


async def test_presets_of_an_unknown_model_say_so_calmly(form: Path) -> None:
    (form / "train.yaml").write_text("model_name: some/where\n")
    save_preset("odd", {"lora_r": 4})
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await _opened(pilot)
        await pilot.press("ctrl+n")
        await wait_for_text(pilot, "is not known here")
        await _highlight(pilot, "odd")


async def test_a_goal_of_the_layer_guide_reaches_the_form(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await _opened(pilot)
        await pilot.press("ctrl+t")
        await wait_for_text(pilot, "4 blocks")
        assert "Reason in several steps" in screen_text(pilot.app)
        await _highlight(pilot, "personas")
        await wait_for_text(pilot, "personas: speak as several personas. It adapts attention in")
        await pilot.press("enter")
        await wait_until(pilot, lambda: _draft(pilot).get("lora_goal") == "personas")
        assert "lora_targets" not in _draft(pilot)
        assert check(_draft(pilot)).config is not None


async def test_marked_groups_become_targets_with_their_size(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 40)) as pilot:
        await _opened(pilot)
        await pilot.press("ctrl+t")
        await wait_for_text(pilot, "24 layers, 73,728 trained parameters with the form's options")
        await _highlight(pilot, "feed-forward in")
        await pilot.press("space")
        await _highlight(pilot, "feed-forward out")
        await pilot.press("space")
        await wait_for_text(pilot, "16 layers, 32,768 trained parameters")
        await pilot.press("enter")
        await wait_until(pilot, lambda: _draft(pilot).get("lora_targets") == "q_proj,k_proj,v_proj,dense")
        assert check(_draft(pilot)).config is not None
        await pilot.press("ctrl+t")
        await wait_for_text(pilot, "16 layers")
        await pilot.press("g")
        await wait_for_text(pilot, "Scores every token of the vocabulary")
        await pilot.press("escape", "a")
        await wait_until(pilot, lambda: "lora_targets" not in _draft(pilot))


async def test_layers_of_a_model_that_is_not_here_say_what_would_help(form: Path) -> None:
    (form / "train.yaml").write_text("model_name: some/where\n")
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await _opened(pilot)
        await pilot.press("ctrl+t")
        await wait_for_text(pilot, "some/where is not on this machine")
        await pilot.press("space", "enter", "escape")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, Layers))


async def test_schedules_stand_beside_each_other_and_one_is_chosen(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await _planned(pilot)
        await pilot.press("f11")
        await wait_for_text(pilot, "golden_restarts")
        plot = pilot.app.screen.query_one(Plot)
        assert [len(line.points) > 1 for line in plot._curves.lines] == [True] * 3
        await pilot.press("a")
        await wait_until(pilot, lambda: len(plot._curves.lines) == 8, "all schedules")
        colours = [line.colour for line in plot._curves.lines]
        assert len(set(colours)) == 8
        await pilot.press("right")
        await wait_for_text(pilot, "records a step")
        await pilot.press("right", "right")
        await wait_for_text(pilot, "0.01 at every step")
        await _highlight(pilot, "golden_cosine")
        await pilot.press("enter")
        await wait_until(pilot, lambda: _draft(pilot).get("schedule") == "golden_cosine")
        assert not isinstance(pilot.app.screen, Schedules)


async def test_the_plan_shows_the_chosen_schedule_beside_others_and_what_varies(form: Path) -> None:
    (form / "train.yaml").write_text(
        (form / "train.yaml").read_text()
        + "dropout_schedule: golden\nbatch_growth: golden\nschedule: cosine\n"
    )
    async with app_on(form).run_test(size=(160, 50)) as pilot:
        await _planned(pilot)
        lines = pilot.app.query_one("#plan-curve", Plot)._curves.lines
        assert [line.name for line in lines] == ["cosine", "linear", "golden_decay"]
        text = screen_text(pilot.app)
        assert "0.05 to" in text and "(golden)" in text and "records a step (golden)" in text
        assert "× 2, a safety" in text and "not measured with these options" in text
        assert "weights 4 MiB" in text


def test_only_options_without_effect_on_memory_leave_a_measurement_standing() -> None:
    base = {"dataset_path": "data.jsonl"}
    config = check(base).config
    other_rate, other_rank = (
        check({**base, "learning_rate": "1e-4"}).config,
        check({**base, "lora_r": "4"}).config,
    )
    assert config and other_rate and other_rank
    assert what_matters(config) == what_matters(other_rate) != what_matters(other_rank)
    assert set(config.model_dump()) >= WITHOUT_EFFECT


async def test_a_probe_measures_in_its_own_process_and_holds_while_the_options_stay(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 30)) as pilot:
        await _planned(pilot)
        await pilot.press("f10")
        await wait_for_text(pilot, "× 2, a safety")
        await pilot.press("p")
        await wait_for_text(pilot, "measuring two steps")
        prober = _view(pilot).dialogs._prober
        for _ in range(30):
            if not prober.is_at_work:
                break
            prober._job.wait(5)  # type: ignore[union-attr]
            await pilot.pause(0.1)
        await wait_for_text(pilot, " measured")
        await wait_for_text(pilot, "the longest batch (8 records")
        await pilot.press("escape")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, Memory))
        _view(pilot).use_texts({"learning_rate": "0.001"})
        assert _view(pilot).dialogs.probe_state().result is not None
        _view(pilot).use_texts({"lora_r": "4"})
        assert _view(pilot).dialogs.probe_state().result is None


async def test_escape_ends_a_probe_and_then_leaves(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 24)) as pilot:
        await _planned(pilot)
        await pilot.press("f10")
        await wait_for_text(pilot, "p measures")
        await pilot.press("p")
        await wait_for_text(pilot, "Stop the probe")
        await pilot.press("escape")
        await wait_for_text(pilot, "the probe was stopped")
        assert isinstance(pilot.app.screen, Memory)
        await pilot.press("escape")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, Memory))


async def test_a_fit_changes_the_form_and_says_why(form: Path) -> None:
    async with app_on(form).run_test(size=(80, 30)) as pilot:
        await _planned(pilot)
        await pilot.press("f10")
        await wait_for_text(pilot, "f fits")
        await pilot.press("f")
        await wait_for_text(pilot, "Chosen: batch_size 16")
        await wait_for_text(pilot, "Before: batch_size was 8")
        assert _draft(pilot)["batch_size"] == "16"
        assert _draft(pilot)["gradient_accumulation_steps"] == "1"
        assert _draft(pilot)["gradient_checkpointing"] == "false"


async def test_where_nothing_fits_the_form_stays(form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = memory_tasks.this_machine()
    tiny = type(machine)(cores=1, free_gib=0.2, total_gib=0.3, gpus=())
    monkeypatch.setattr(memory_tasks, "this_machine", lambda: tiny)
    async with app_on(form).run_test(size=(80, 30)) as pilot:
        await _planned(pilot)
        before = _draft(pilot)
        await pilot.press("f10")
        await wait_for_text(pilot, "f fits")
        await pilot.press("f")
        await wait_for_text(pilot, "Not changed: nothing fits")
        assert _draft(pilot) == before


async def test_a_result_that_arrives_is_drawn_beside_the_estimate(form: Path) -> None:
    async with app_on(form).run_test(size=(160, 50)) as pilot:
        await _planned(pilot)
        dialogs = _view(pilot).dialogs
        dialogs._prober._of = what_matters(_view(pilot).draft.checked.config)  # type: ignore[arg-type]
        dialogs._prober.done(ProbeResult(baseline_gib=0.5, peak_gib=1.25, micro_batch=8, seconds=0.5))
        await wait_for_text(pilot, "1.25 GiB measured")
        assert "(measured)" in screen_text(pilot.app)


async def test_a_queued_run_waits_and_the_form_stays(form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phi_tui.queue_runs.ensure_runner", lambda root: False)  # so that it keeps waiting
    async with app_on(form).run_test(size=(80, 24), notifications=True) as pilot:
        await _planned(pilot)
        await pilot.press("ctrl+j")
        await wait_for_text(pilot, "1 run: the form as it is")
        await pilot.press("enter")
        await wait_for_text(pilot, "the next to start")
        waiting = queued(form / "runs")
        assert len(waiting) == 1 and waiting[0].needs_gib
        await pilot.press("ctrl+j")
        await wait_for_text(pilot, "1 run: the form as it is")
        await pilot.press("enter")
        await wait_for_text(pilot, "1 before it")
        assert [run.position for run in queued(form / "runs")] == sorted(
            run.position for run in queued(form / "runs")
        )


async def test_the_gate_asks_before_a_run_is_queued_too(form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phi_tui.queue_runs.ensure_runner", lambda root: False)
    with (form / "data.jsonl").open("a") as file:
        for n in range(5):
            file.write("\n" + json.dumps({"prompt": f"long {n}", "response": "a long answer " * 40}))
    (form / "train.yaml").write_text((form / "train.yaml").read_text() + "max_length: 40\n")
    async with app_on(form).run_test(size=(80, 24), notifications=True) as pilot:
        await _planned(pilot)
        await pilot.press("ctrl+j")
        await wait_for_text(pilot, "1 run: the form as it is")
        await pilot.press("enter")
        await wait_for_text(pilot, "Accept and queue")
        assert not queued(form / "runs")
        await pilot.press("enter")
        await wait_for_text(pilot, "the next to start")
        assert len(queued(form / "runs")) == 1


async def test_every_help_fits_at_80_columns(folder: Path) -> None:
    async with app_on(folder).run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: pilot.app.focused is not None, "the first focus")
        help_line = pilot.app.query_one(OptionHelp)
        from phi_core.config.problems import SPECS

        for spec in SPECS.values():
            help_line.explain(spec)
            await pilot.pause()
            shown = " ".join(screen_text(pilot.app).split())
            assert f"Default: {help_line._text_and_style[0].rpartition('Default: ')[2]}"[:60] in shown
        assert set(HINTS) <= set(SPECS)
        assert pilot.app.query_one(OptionForm).size.height >= 12
