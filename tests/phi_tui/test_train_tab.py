"""The Train tab: the form is the configuration, wrong values say so beside their field, drafts survive."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from odd_texts import MARKUP_STRINGS
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.config.problems import SPECS, checked
from phi_core.config.training import TrainingConfig
from phi_tui.state import UiState
from phi_tui.views.train import TrainView
from phi_tui.widgets.field import ChoiceField
from phi_tui.widgets.option_form import OptionForm, OptionRow


def _draft(pilot: Pilot[None]) -> dict[str, str]:
    return dict(pilot.app.query_one(TrainView)._draft.texts)


async def _type(pilot: Pilot[None], name: str, text: str) -> None:
    """Focus an option and replace its text."""
    await wait_until(pilot, lambda: pilot.app.focused is not None, "the first focus")
    pilot.app.query_one(OptionForm).focus_option(name)
    await pilot.pause()
    await pilot.press("end", "ctrl+u", *text)
    await pilot.pause()


def _write_dataset(folder: Path, name: str = "data.jsonl") -> None:
    lines = (json.dumps({"prompt": f"question {n}", "response": f"answer {n}"}) for n in range(40))
    (folder / name).write_text("\n".join(lines))


async def test_the_file_saved_is_what_the_form_shows(folder: Path) -> None:
    async with app_on(folder).run_test(size=(100, 40)) as pilot:
        await _type(pilot, "dataset_path", "data.jsonl")
        await _type(pilot, "learning_rate", "2.5e-4")
        await _type(pilot, "lora_r", "16")
        pilot.app.query_one(OptionForm).focus_option("schedule")
        await pilot.press("space")
        await pilot.press("ctrl+s")
        await wait_for_text(pilot, "Save the options to")
        await pilot.press("enter")
        await wait_until(pilot, (folder / "train.yaml").exists)
        await wait_for_text(pilot, "train.yaml")
        shown = {row.spec.name: row.field.value for row in pilot.app.query(OptionRow)}
    saved = checked(yaml.safe_load((folder / "train.yaml").read_text()))
    assert saved == checked(shown)
    expected = {"dataset_path": "data.jsonl", "learning_rate": 2.5e-4, "lora_r": 16, "schedule": "cosine"}
    assert saved == TrainingConfig(**expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "typed"), [("lora_r", "abc"), ("learning_rate", "nan"), ("epochs", "-1"), ("batch_size", "")]
)
async def test_a_wrong_value_says_what_would_be_right_and_nothing_starts(
    folder: Path, name: str, typed: str
) -> None:
    _write_dataset(folder)
    async with app_on(folder).run_test(size=(100, 40)) as pilot:
        await _type(pilot, "dataset_path", "data.jsonl")
        await _type(pilot, name, typed)
        await wait_for_text(pilot, "must be a")
        await pilot.press("ctrl+r")
        await pilot.pause()
    assert not (folder / "runs").exists()


async def test_advice_is_shown_and_hinders_nothing(folder: Path) -> None:
    async with app_on(folder).run_test(size=(100, 40)) as pilot:
        await _type(pilot, "learning_rate", "0.01")
        await wait_for_text(pilot, "outside the advised")
        assert "learning_rate" not in {
            p.where for p in pilot.app.query_one(TrainView)._draft.checked.problems
        }


async def test_a_number_is_shown_as_read_when_its_field_is_left(folder: Path) -> None:
    async with app_on(folder).run_test(size=(100, 40)) as pilot:
        await _type(pilot, "learning_rate", "3e-4")
        await pilot.press("down")
        await wait_for_text(pilot, "0.0003")


async def test_the_plan_is_shown_and_made_anew(folder: Path) -> None:
    _write_dataset(folder)
    async with app_on(folder).run_test(size=(160, 50)) as pilot:
        await _type(pilot, "dataset_path", "data.jsonl")
        await wait_for_text(pilot, "20 steps")
        await _type(pilot, "epochs", "3")
        await wait_for_text(pilot, "3 steps")
        assert "estimated" in screen_text(pilot.app)


async def test_trouble_with_the_data_is_told_calmly(folder: Path) -> None:
    (folder / "bad.jsonl").write_text('{"prompt": "p", "response": "r"}\n{"prompt": 3}\n')
    async with app_on(folder).run_test(size=(160, 50)) as pilot:
        await _type(pilot, "dataset_path", "bad.jsonl")
        await wait_for_text(pilot, "bad.jsonl line 2")


async def test_a_draft_survives_without_a_proper_end(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test(size=(100, 40)) as pilot:
        await _type(pilot, "lora_r", "32")
        await wait_until(
            pilot, lambda: UiState(folder).values.get("draft") == {"lora_r": "32"}, "draft on disk"
        )
    async with app_on(folder).run_test(size=(100, 40)) as pilot:
        await wait_until(pilot, lambda: _draft(pilot) == {"lora_r": "32"})


async def test_the_first_start_reads_train_yaml(folder: Path) -> None:
    (folder / "train.yaml").write_text("lora_r: 4\nlora_rank: 3\n")
    async with app_on(folder).run_test(size=(100, 40), notifications=True) as pilot:
        await wait_until(pilot, lambda: _draft(pilot) == {"lora_r": "4"})
        await wait_for_text(pilot, "unknown option")


async def test_without_any_configuration_the_next_key_is_named(folder: Path) -> None:
    async with app_on(folder).run_test() as pilot:
        await wait_for_text(pilot, "phi demo")
        assert "ctrl+n" in screen_text(pilot.app)


async def test_a_configuration_that_cannot_be_read_leaves_the_form_alone(folder: Path) -> None:
    (folder / "broken.yaml").write_text("a: [1")
    async with app_on(folder, config=folder / "broken.yaml").run_test(
        size=(100, 40), notifications=True
    ) as pilot:
        await wait_for_text(pilot, "is not YAML")
        assert _draft(pilot) == {}


async def test_opening_a_file_asks_before_unsaved_edits_are_lost(folder: Path) -> None:
    (folder / "other.yaml").write_text("lora_r: 4\n")
    async with app_on(folder).run_test(size=(100, 40)) as pilot:
        await _type(pilot, "lora_r", "32")
        for answer, expected in (("escape", "32"), ("enter", "4")):
            await pilot.press("ctrl+n")
            await wait_for_text(pilot, "Start from")
            await pilot.press("tab", *"other.yaml", "enter")
            await wait_for_text(pilot, "Forget the unsaved changes?")
            await pilot.press(answer)
            await wait_until(pilot, lambda expected=expected: _draft(pilot) == {"lora_r": expected})


async def test_search_advanced_and_changed_decide_what_is_seen(folder: Path) -> None:
    async with app_on(folder).run_test(size=(100, 60)) as pilot:
        await wait_until(pilot, lambda: pilot.app.focused is not None, "the first focus")
        assert "model_revision" not in screen_text(pilot.app)
        await pilot.press("f9")
        await wait_for_text(pilot, "model_revision")
        await pilot.press("ctrl+f", *"dropout")
        await wait_until(
            pilot, lambda: "lora_dropout" in screen_text(pilot.app) and "epochs" not in screen_text(pilot.app)
        )
        await pilot.press("escape")
        await wait_for_text(pilot, "epochs")
        await pilot.press("f7")
        await wait_until(pilot, lambda: "epochs" not in screen_text(pilot.app))


async def test_digits_are_typed_in_a_field_and_switch_tabs_outside(folder: Path) -> None:
    async with app_on(folder).run_test(size=(100, 40)) as pilot:
        await _type(pilot, "lora_r", "2")
        assert _draft(pilot) == {"lora_r": "2"}
        await pilot.press("escape")
        await pilot.press("2")
        await wait_for_text(pilot, "No runs here yet")
        await pilot.press("f2")
        await wait_for_text(pilot, "lora_r")


async def test_arrows_reach_every_option_and_explain_it(folder: Path) -> None:
    async with app_on(folder).run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: pilot.app.focused is not None, "the first focus")
        await pilot.press("f9")
        form = pilot.app.query_one(OptionForm)
        await wait_until(pilot, lambda: len(form.query("TextField, ChoiceField")) == len(SPECS))
        await wait_until(
            pilot, lambda: all(field.is_mounted for field in form.query("TextField, ChoiceField"))
        )
        await pilot.pause()
        seen = []
        for _ in SPECS:
            seen.append(pilot.app.query_one(OptionForm).focused_name)
            await pilot.press("down")
            await pilot.pause()
        assert seen == list(SPECS)


async def test_a_choice_turns_and_a_flag_toggles(folder: Path) -> None:
    async with app_on(folder).run_test(size=(100, 40)) as pilot:
        await wait_until(pilot, lambda: pilot.app.focused is not None, "the first focus")
        pilot.app.query_one(OptionForm).focus_option("gradient_checkpointing")
        await pilot.press("space")
        assert _draft(pilot) == {"gradient_checkpointing": "false"}
        await pilot.press("space")
        assert _draft(pilot) == {}
        assert isinstance(pilot.app.focused, ChoiceField)


async def test_markup_in_a_path_is_shown_as_it_is(folder: Path) -> None:
    async with app_on(folder).run_test(size=(160, 50)) as pilot:
        for text in MARKUP_STRINGS:
            (folder / "c.yaml").write_text(yaml.safe_dump({"dataset_path": text}))
            pilot.app.query_one(TrainView).open_config(folder / "c.yaml")
            await wait_until(pilot, lambda text=text: _draft(pilot) == {"dataset_path": text})
            await wait_for_text(pilot, text)


def test_importing_the_app_leaves_the_heavy_libraries_out() -> None:
    heavy = ("torch", "transformers", "peft", "accelerate", "datasets", "numpy")
    code = f"import sys, phi_tui.app; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_without_a_terminal_one_line_and_status_2(term: str) -> None:
    command = [sys.executable, "-m", "phi_tui"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"TERM": term, "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 2
    assert done.stdout == "" and "\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
