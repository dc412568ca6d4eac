"""The guide tells the truth about the program: every key, option, command and file that it names is there."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
from textual.binding import Binding

from phi_core.cli.guide import guide, readable
from phi_core.cli.main import COMMANDS
from phi_core.config.problems import SPECS
from phi_core.errors import RequestError
from phi_core.guide.chapters import CHAPTERS, FOLDER, Chapter, chapters, find_chapter, links
from phi_core.model_files.layers import NAMES
from phi_tui import dialog_keys, keys
from phi_tui.focus_help import PLACES, TABS, actions_in, with_keys
from phi_tui.guide_places import (
    CAUSES,
    GROUP_CHAPTERS,
    OPTION_CHAPTERS,
    TAB_CHAPTERS,
    option_chapter,
)
from phi_tui.keys import Key, shown_key, shown_keys
from phi_tui.screens.memory import Memory

CODE = re.compile(r"`([^`]+)`(?: in (Train|Runs|Chat|Compare|Data|Votes|Memory)\b)?")
KEY = re.compile(r"F\d+|(ctrl|alt|shift)\+\w+|esc|enter|space|tab|\S")
TABLES = {
    **{"Train": keys.TRAIN, "Runs": keys.RUNS, "Chat": keys.CHAT, "Compare": keys.COMPARE},
    **{"Data": keys.DATA, "Votes": dialog_keys.VOTES},
}
VIEWS = {name.lower(): table for name, table in TABLES.items()}
FIELDS = {
    *("prompt", "response", "messages", "role", "content", "instruction", "input", "output"),
    *("question", "answer", "text"),
}
OTHERS = {
    "train.yaml",
    "OMP_NUM_THREADS",
    "temperature",
    "repetition_penalty",
    "stop",
    "attn.c_proj",
    "mlp.c_proj",
}
ARROWS = {"left", "right", "up", "down", "space", "tab", "enter"}
SIGNS = set("●‖✓■✗?…◆▴!")
"""What help explains that stands on the screen and is no key."""
VALUES = {value for spec in SPECS.values() for value in (*spec.choices, *spec.words)} | {"auto"}
NAMED_LAYERS = {name for names in NAMES.values() for name in names}
PLAIN = {*SPECS, *VALUES, *NAMED_LAYERS, *FIELDS, *OTHERS}
ALL = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)


def spans(chapter: Chapter) -> list[tuple[str, str]]:
    """(what stands in backticks, the place of a key or ""); line ends are blanks, fenced code is left out."""
    text = re.sub(r"```.*?```", "", chapter.text, flags=re.DOTALL)
    return [(found[0], found[1]) for found in CODE.findall(" ".join(text.split()))]


def commands(chapter: Chapter) -> list[str]:
    """The commands of a chapter, in backticks and in fenced code."""
    fenced = [
        line for block in re.findall(r"```\n(.*?)```", chapter.text, re.DOTALL) for line in block.splitlines()
    ]
    return [line for line in (*fenced, *(code for code, _ in spans(chapter))) if line.startswith("phi ")]


def test_every_chapter_is_a_file_and_every_file_a_chapter() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {chapter.name for chapter in chapters()}
    assert len({chapter.title for chapter in CHAPTERS}) == len(CHAPTERS) == 10  # ten digits open them


@ALL
def test_a_chapter_begins_with_its_title_and_has_something_to_say(chapter: Chapter) -> None:
    assert chapter.text.startswith(f"# {chapter.title}\n\n")
    assert len(chapter.text.splitlines()) > 20
    assert not [line for line in chapter.text.splitlines() if line.startswith("|")]
    assert max(map(len, readable(chapter.text).splitlines())) <= 80


@ALL
def test_every_link_leads_to_a_chapter(chapter: Chapter) -> None:
    assert set(links(chapter.text)) <= {other.name for other in CHAPTERS} - {chapter.name}
    assert chapter.text.count("](") == len(links(chapter.text))
    assert "](" not in readable(chapter.text)


@ALL
def test_every_key_works_where_the_guide_says(chapter: Chapter) -> None:
    wrong = [(key, place) for key, place in spans(chapter) if KEY.fullmatch(key) and not _works(key, place)]
    assert not wrong


@ALL
def test_all_else_in_backticks_is_an_option_a_value_a_name_or_a_command(chapter: Chapter) -> None:
    unknown = [
        code
        for code, _ in spans(chapter)
        if not KEY.fullmatch(code) and not code.startswith(("phi ", "pip ")) and code not in PLAIN
    ]
    assert not unknown


@ALL
def test_every_command_and_each_of_its_flags_is_there(chapter: Chapter) -> None:
    for line in commands(chapter):
        words = line.split()[1:]
        name = next(name for name in (" ".join(words[:2]), words[0]) if name in COMMANDS)
        module, function = COMMANDS[name][0].split(":")
        known = {*inspect.signature(getattr(import_module(module), function)).parameters, *SPECS}
        flags = [word.removeprefix("--").partition("=")[0] for word in words if word.startswith("--")]
        assert set(flags) <= known, line


def test_places_lead_to_chapters_that_are_there() -> None:
    named = {*TAB_CHAPTERS.values(), *GROUP_CHAPTERS.values(), *OPTION_CHAPTERS.values(), *CAUSES}
    named |= {place.chapter for place in PLACES.values() if place.chapter}
    assert named <= {chapter.name for chapter in CHAPTERS}
    assert all(option_chapter(option) for option in SPECS)
    assert set(OPTION_CHAPTERS) <= set(SPECS)


def test_words_about_a_place_name_actions_that_are_there() -> None:
    everywhere = {key.action for key in keys.APP}
    known = everywhere | {key.action for table in VIEWS.values() for key in table}
    assert all(set(actions_in(place.words)) <= known for place in PLACES.values())
    for tab, place in TABS.items():
        assert set(actions_in(place.words)) <= everywhere | {key.action for key in VIEWS[tab]}


@pytest.mark.parametrize("tab", TABS)
def test_the_words_of_a_tab_name_only_keys_that_work_there(tab: str) -> None:
    module = import_module(f"phi_tui.views.{tab}")
    words = getattr(module, f"{tab.capitalize()}View").HELP
    assert set(actions_in(words)) <= {key.action for key in (*VIEWS[tab], *keys.APP)}
    told = with_keys(words, (*VIEWS[tab], *keys.APP))
    named = {
        key for found in re.findall(r"\*\*([^*]+)\*\*|`([^`]+)`", told) for key in found if KEY.fullmatch(key)
    }
    known = {word.lower() for word in _shown(VIEWS[tab]) | _shown(keys.APP)} | ARROWS | SIGNS
    assert {key.lower() for key in named} <= known


def test_words_about_a_place_speak_of_widgets_that_are_there() -> None:
    app = Path(keys.__file__).parent
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in app.rglob("*.py") if path.stem != "focus_help"
    )
    for name in PLACES:
        wanted = f'"{name[1:]}"' if name.startswith("#") else f"class {name}("
        generated = name.startswith("#pane-") or name.startswith("#run-")  # ids put together of a pane's name
        assert wanted in source or (generated and f'"{name.partition("-")[2]}"' in source), name


def test_a_chapter_is_found_by_name_title_or_its_beginning() -> None:
    assert (
        find_chapter("Out of memory") is find_chapter("out-of-memory") is find_chapter("out") is CHAPTERS[5]
    )
    with pytest.raises(RequestError, match="has no chapter"):
        find_chapter("nothing")
    with pytest.raises(RequestError):
        find_chapter("")


def test_the_command_lists_chapters_and_prints_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert guide() == 0
    listed = capsys.readouterr().out
    assert all(chapter.name in listed and chapter.title in listed for chapter in CHAPTERS)
    assert guide("curves") == 0
    assert capsys.readouterr().out == readable(find_chapter("curves").text)


def _works(key: str, place: str) -> bool:
    if place == "Memory":
        return key in {binding.key for binding in Memory.BINDINGS if isinstance(binding, Binding)}
    return key in _shown(TABLES.get(place, keys.APP))


def _shown(table: tuple[Key, ...]) -> set[str]:
    return {shown_key(word) for key in table for word in key.keys.split(",")} | {
        shown_keys(key) for key in table
    }
