"""A person's own keys: what the file says holds in the app, its footer and its help; what is wrong in it is named."""

from pathlib import Path

import pytest
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_tui.dialog_keys import VOTES
from phi_tui.keymap import Keymap, keymap_of, read_keymap
from phi_tui.keys import TRAIN, shown_key


def _of(**texts: object) -> Keymap:
    return keymap_of(
        {"keys": {name.replace("__", "."): wish for name, wish in texts.items()}}, source="app.yaml"
    )


@pytest.fixture
def config_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHI_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


def test_without_a_file_every_key_is_its_own(config_folder: Path) -> None:
    assert read_keymap() == Keymap()
    assert Keymap().keys("train", TRAIN) == TRAIN


def test_a_key_is_named_as_people_write_it() -> None:
    assert _of(app__palette=":, ctrl+b", votes__leave="esc").texts == {
        "app.palette": "colon,ctrl+b",
        "votes.leave": "escape",
    }
    assert shown_key("colon") == ":" and shown_key("alt+up") == "alt+↑" and shown_key("f5") == "F5"


@pytest.mark.parametrize(
    ("name", "wish", "said"),
    [
        ("train.lunch", "f5", "there is no such action; did you mean train.launch?"),
        ("train.launch", "", "no key is named"),
        ("train.launch", ["a"], "no key is named"),
        ("train.launch", "ctrl+m", "a terminal cannot send ctrl+m"),
        ("train.launch", "alt+1", "a terminal cannot send alt+1"),
        ("train.launch", "ctrl+k", "ctrl+k belongs to text fields"),
        ("train.launch", "hyper key", "'hyper key' is no key"),
        ("train.launch", "ctrl+s", "ctrl+s is the key of train.save already"),
        ("train.launch", "f3", "F3 is the key of app.runs_tab already"),
        ("app.palette", "j", "j is the key of runs.down already"),
    ],
)
def test_a_wish_that_cannot_be_is_named_and_left_out(name: str, wish: object, said: str) -> None:
    keymap = keymap_of({"keys": {name: wish, "train.find": "ctrl+b"}}, source="app.yaml")
    assert dict(keymap.texts) == {"train.find": "ctrl+b"}
    [problem] = keymap.problems
    assert problem.startswith(f"app.yaml: {name}: {said}")


def test_two_actions_may_change_their_keys_with_each_other() -> None:
    keymap = _of(train__launch="ctrl+s", train__save="ctrl+r")
    assert keymap.problems == () and len(keymap.texts) == 2


def test_a_key_of_the_whole_app_may_be_one_of_the_votes() -> None:
    assert "h" in {key.keys for key in VOTES}
    assert _of(app__jump="H").problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "keys: [",
        "- a list",
        "keys: a",
        "colours: red",
        "keys: {a: b, a: c}",
        "\x1b[2J: x",
        "keys:\n  ? [a]\n  : b",
    ],
)
def test_a_file_that_is_none_is_a_problem_with_its_name(config_folder: Path, text: str) -> None:
    (config_folder / "app.yaml").write_text(text)
    keymap = read_keymap()
    assert keymap.problems and all("app.yaml" in problem for problem in keymap.problems)
    assert not keymap.texts


async def test_the_key_the_footer_and_the_help_change(folder: Path, config_folder: Path) -> None:
    (config_folder / "app.yaml").write_text(
        "keys:\n  train.save: f12\n  train.copy: ctrl+s\n  app.jump: ctrl+b\n"
    )
    async with app_on(folder).run_test(size=(120, 60)) as pilot:
        await wait_for_text(pilot, "F12 Save")
        assert "^s Save" not in screen_text(pilot.app)
        await pilot.press("ctrl+b")
        await wait_until(pilot, lambda: type(pilot.app.screen).__name__ == "Jump")
        await pilot.press("escape", "f1")
        await wait_for_text(pilot, "F12")
        lines = screen_text(pilot.app).splitlines()
        assert any("F12" in line and "Write the options" in line for line in lines)


async def test_a_wrong_file_is_told_at_the_start_and_nothing_breaks(
    folder: Path, config_folder: Path
) -> None:
    (config_folder / "app.yaml").write_text("keys:\n  train.lunch: f5\n")
    async with app_on(folder).run_test(size=(100, 30), notifications=True) as pilot:
        await wait_for_text(pilot, "train.lunch")
        assert "did you mean" in screen_text(pilot.app)
