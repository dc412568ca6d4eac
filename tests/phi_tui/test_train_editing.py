"""The form as YAML in an editor and back, pasted YAML, copies: nothing that was written is lost, and what is wrong is named."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml
from command_line import phi
from textual import events
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.config.problems import check
from phi_tui.app import PhiApp
from phi_tui.config_files import save_config
from phi_tui.draft import Draft
from phi_tui.form_yaml import yaml_of
from phi_tui.recent_configs import config_files, remember_config
from phi_tui.views.train import TrainView
from phi_tui.widgets.field import TextField
from phi_tui.widgets.option_form import OptionForm


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PHI_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def editor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that holds what the person's editor will do: lines of shell with the text's path in $2."""
    script = folder / "editor.sh"
    command = folder / "my editor"
    command.write_text(f'#!/bin/sh\n. "{script}"\n')
    command.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"'{command}'")
    monkeypatch.setattr(PhiApp, "suspend", lambda self: nullcontext())
    return script


def _draft(pilot: Pilot[None]) -> dict[str, str]:
    return dict(pilot.app.query_one(TrainView).draft.texts)


async def _at(pilot: Pilot[None], name: str) -> None:
    await wait_until(pilot, lambda: pilot.app.focused is not None, "the first focus")
    form = pilot.app.query_one(OptionForm)
    form.focus_option(name)
    await pilot.pause()
    form.focus_option(name)  # a file that was just opened takes the focus too
    await wait_until(pilot, lambda: form.focused_name == name)


async def test_the_form_goes_to_the_editor_and_comes_back(folder: Path, editor: Path) -> None:
    (folder / "train.yaml").write_text("lora_r: 4\nseed: 7\n")
    editor.write_text(
        'cp "$2" given; sed -i -e "s/^lora_r: 4/lora_r: 16/" -e "/^seed/d" "$2"; echo "epochs: 2" >> "$2"\n'
    )
    async with app_on(folder).run_test(size=(80, 24), notifications=True) as pilot:
        await wait_until(pilot, lambda: _draft(pilot) == {"lora_r": "4", "seed": "7"})
        await wait_until(pilot, lambda: pilot.app.focused is not None)
        await pilot.press("ctrl+g")
        await wait_for_text(pilot, "The form is as you edited it")
        assert _draft(pilot) == {"lora_r": "16", "epochs": "2"}
        editor.write_text("true\n")
        await pilot.press("ctrl+g")
        assert _draft(pilot) == {"lora_r": "16", "epochs": "2"}
    given = (folder / "given").read_text()
    assert yaml.safe_load(given) == {"lora_r": 4, "seed": 7}
    assert "# Rank of the adapter" in given and "# learning_rate: 0.0002" in given
    assert not list((folder.parent / "state").glob("form-*.yaml"))


async def test_what_is_wrong_in_the_edited_text_keeps_the_form_and_the_text(
    folder: Path, editor: Path
) -> None:
    async with app_on(folder).run_test(size=(80, 24), notifications=True) as pilot:
        await _at(pilot, "lora_r")
        editor.write_text('echo "seed: [1" > "$2"\n')
        await pilot.press("ctrl+g")
        await wait_for_text(pilot, "The edited text has 1 problem")
        await wait_for_text(pilot, "is not YAML")
        assert _draft(pilot) == {}
        editor.write_text(
            'grep -q "seed: .1" "$2" && printf "lora_r: abc\\nlearning_rat: 1\\nseed: 3\\n" > "$2"\n'
        )
        await pilot.press("t")  # what is no YAML cannot be taken
        await pilot.press("e")
        await wait_for_text(pilot, "line 1, lora_r: must be a whole number")
        text = screen_text(pilot.app)
        assert "line 2, learning_rat: unknown option. Did you mean learning_rate?" in text
        assert "The text is kept in" in text and _draft(pilot) == {}
        await pilot.press("escape")
        (kept,) = (folder.parent / "state").glob("form-*.yaml")
        assert kept.read_text().startswith("lora_r: abc")
        editor.write_text('sed -i "/learning_rat/d" "$2"\n')
        await pilot.press("ctrl+g")
        await wait_for_text(pilot, "The text that had problems, as you left it")
        await pilot.press("enter")
        await wait_for_text(pilot, "t Take it: the fields say what is wrong")
        await pilot.press("t")
        await wait_until(pilot, lambda: _draft(pilot) == {"lora_r": "abc", "seed": "3"})
        await wait_for_text(pilot, "got 'abc'")
        assert not kept.exists()


async def test_an_editor_that_gives_up_changes_nothing(folder: Path, editor: Path) -> None:
    editor.write_text('echo "seed: 3" > "$2"; exit 1\n')
    async with app_on(folder).run_test(size=(80, 24), notifications=True) as pilot:
        await _at(pilot, "lora_r")
        await pilot.press("ctrl+g")
        await wait_for_text(pilot, "The form is as it was; what you edited is in")
        assert _draft(pilot) == {}


async def test_pasted_yaml_fills_fields_and_prose_is_typed(folder: Path) -> None:
    async with app_on(folder).run_test(size=(80, 24), notifications=True) as pilot:
        await _at(pilot, "model_name")
        field = pilot.app.focused
        assert isinstance(field, TextField)
        field.post_message(events.Paste("lora_r: 16\nlearning_rate: 1e-4\nschedule: cosine\n"))
        await wait_for_text(pilot, "Pasted 3 options")
        expected = {"lora_r": "16", "learning_rate": "1e-4", "schedule": "cosine"}
        assert _draft(pilot) == expected
        field.post_message(events.Paste("x: y"))
        await wait_until(pilot, lambda: "x: y" in _draft(pilot).get("model_name", ""))
        await _at(pilot, "schedule")
        assert pilot.app.focused is not None
        pilot.app.focused.post_message(events.Paste("seed: 5"))
        await wait_until(pilot, lambda: _draft(pilot).get("seed") == "5")


async def test_the_command_line_and_the_yaml_are_copied(folder: Path) -> None:
    (folder / "data.jsonl").write_text(json.dumps({"prompt": "p", "response": "r"}) + "\n")
    (folder / "train.yaml").write_text("dataset_path: data.jsonl\nlora_r: 4\n")
    copied = []
    async with app_on(folder).run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: "lora_r" in _draft(pilot))
        for place in range(3):
            await pilot.press("f12")
            await wait_for_text(pilot, "The command line: phi train")
            await pilot.press(*["down"] * place, "enter")
            await wait_until(pilot, lambda: pilot.app.clipboard not in ("", *copied))
            copied.append(pilot.app.clipboard)
        config = pilot.app.query_one(TrainView).draft.checked.config
    assert copied[0] == "phi train --dataset_path data.jsonl --lora_r 4"
    assert yaml.safe_load(copied[1]) == {"dataset_path": ["data.jsonl"], "lora_r": 4}
    assert check(yaml.safe_load(copied[2])).config == check(yaml.safe_load(copied[1])).config == config


def test_the_command_line_takes_the_command_and_the_yaml_of_the_form(folder: Path) -> None:
    (folder / "data.jsonl").write_text(
        "\n".join(json.dumps({"prompt": f"p {n}", "response": "r"}) for n in range(20))
    )
    draft = Draft().with_texts(
        {"model_name": "demo", "dataset_path": "data.jsonl", "learning_rate": "2.5e-4", "epochs": "1.5"}
    )
    (folder / "changed.yaml").write_text(yaml_of(draft))
    config = draft.checked.config
    assert config is not None
    save_config(Path("saved.yaml"), config)
    plans = [
        json.loads(phi("plan", *words, "--json").out)
        for words in (draft.command[2:], ["changed.yaml"], ["saved.yaml"])
    ]
    for plan in plans:
        del plan["memory_free_gib"]  # of this moment
    assert plans[0] == plans[1] == plans[2]


async def test_alt_r_gives_an_option_its_default_again(folder: Path) -> None:
    (folder / "train.yaml").write_text("lora_r: 4\nseed: 7\n")
    async with app_on(folder).run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: "lora_r" in _draft(pilot))
        await _at(pilot, "lora_r")
        await pilot.press("alt+r")
        await wait_until(pilot, lambda: _draft(pilot) == {"seed": "7"})


def test_recent_files_come_first_once_and_only_configurations(folder: Path) -> None:
    for name, text in {
        "a.yaml": "lora_r: 4",
        "b.yaml": "seed: 3",
        "questions.yaml": "questions: []",
        "broken.yaml": "a: [",
    }.items():
        (folder / name).write_text(text)
    elsewhere = folder.parent / "elsewhere.yaml"
    elsewhere.write_text("epochs: 2")
    assert [str(file.path) for file in config_files()] == ["a.yaml", "b.yaml"]
    for path in (Path("b.yaml"), elsewhere, Path("gone.yaml"), Path("b.yaml")):
        remember_config(path)
    found = config_files()
    assert [str(file.path) for file in found] == ["b.yaml", str(elsewhere), "a.yaml"]
    assert [file.is_recent for file in found] == [True, True, False]
    run = folder / "runs" / "one"
    run.mkdir(parents=True)
    for name in ("run.json", "config.yaml"):
        (run / name).write_text("lora_r: 4")
    remember_config(run / "config.yaml")
    assert len(config_files()) == 3
