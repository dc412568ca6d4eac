"""Help and guide by keys: F1 speaks of the focus first and g opens the chapter that fits; every key of both does its work."""

from pathlib import Path

import pytest
from run_factory import add_event, make_run
from textual.app import App
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.guide.chapters import CHAPTERS, find_chapter
from phi_tui.app import STYLES
from phi_tui.dialog_keys import GUIDE, HELP
from phi_tui.keymap import keymap_of
from phi_tui.screens.guide import Guide


class GuideApp(App[None]):
    """The guide alone, with the app's looks."""

    CSS_PATH = [*sorted(STYLES.glob("*.tcss"))]
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]

    def __init__(self, chapter: str = "") -> None:
        super().__init__()
        self._chapter = find_chapter(chapter) if chapter else None

    def on_mount(self) -> None:
        self.push_screen(Guide(self._chapter))


def title(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one(".dialog").border_title)


def top(pilot: Pilot[None], scroll: str = "#guide-scroll") -> float:
    return pilot.app.screen.query_one(scroll, VerticalScroll).scroll_y


async def scrolls(pilot: Pilot[None], scroll: str, down: tuple[str, ...], up: tuple[str, ...]) -> None:
    """Each of the keys moves the text, as far down as up."""
    for there, back in zip(down, up, strict=True):
        await pilot.press(there)
        await wait_until(pilot, lambda: top(pilot, scroll) > 0, f"{there} scrolls down")
        await pilot.press(back)
        await wait_until(pilot, lambda: top(pilot, scroll) == 0, f"{back} scrolls up")


async def test_the_guide_is_read_and_turned_by_its_keys() -> None:
    async with GuideApp("curves").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "Guide · Reading the curves")
        await wait_for_text(pilot, "F3 shows them")
        down = ("j", "down", "space", "pagedown", "G", "end", "G")
        await scrolls(pilot, "#guide-scroll", down, ("k", "up", "b", "pageup", "g", "home", "g"))
        for key, there in (
            *(("l", "Out of memory"), ("right", "Poor results"), ("right_square_bracket", "Slow training")),
            *(
                ("h", "Poor results"),
                ("left", "Out of memory"),
                ("left_square_bracket", "Reading the curves"),
            ),
        ):
            await pilot.press(key)
            await wait_until(pilot, lambda there=there: there in title(pilot), f"{key}: {there}")  # type: ignore[misc]
        for number, chapter in enumerate(CHAPTERS):
            await pilot.press(str((number + 1) % 10))
            await wait_until(pilot, lambda chapter=chapter: chapter.title in title(pilot))  # type: ignore[misc]


async def test_the_list_shows_all_chapters_and_opens_one() -> None:
    async with GuideApp().run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "what the terms mean")
        assert all(chapter.about in screen_text(pilot.app) for chapter in CHAPTERS)
        await pilot.press("j", "down", "k", "enter")
        await wait_for_text(pilot, "Few options matter much")
        await pilot.press("c")
        await wait_for_text(pilot, "what the terms mean")
        await pilot.press("tab")
        await wait_for_text(pilot, "Few options matter much")


async def test_a_search_marks_moves_and_tells_of_other_chapters() -> None:
    async with GuideApp("curves").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "F3 shows them")
        await pilot.press("slash", *"spike", "enter")
        await wait_for_text(pilot, "1 of 4 lines")
        before = top(pilot)
        await pilot.press("n")
        await wait_for_text(pilot, "2 of 4 lines")
        await pilot.press("N", "N")
        await wait_for_text(pilot, "4 of 4 lines")
        assert top(pilot) >= before > 0
        await pilot.press("escape", "ctrl+f", *"quantisation", "enter")
        await wait_for_text(pilot, "not in this chapter; also in 8")
        await pilot.press("slash")
        await wait_for_text(pilot, "enter Search")
        await pilot.press("escape", "escape")
        await wait_until(pilot, lambda: len(pilot.app.screen_stack) == 1)


@pytest.mark.parametrize("key", ["escape", "q", "f1"])
async def test_the_guide_is_left_by_each_of_its_keys(key: str) -> None:
    async with GuideApp("words").run_test(size=(60, 16)) as pilot:
        await wait_for_text(pilot, "Guide · Words")
        await pilot.press(key)
        await wait_until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_a_wide_screen_shows_list_and_text_and_a_resize_lays_it_out_anew() -> None:
    async with GuideApp("layers").run_test(size=(120, 40)) as pilot:
        await wait_for_text(pilot, "9 Base against adapter")
        assert "An adapter stands on layers" in screen_text(pilot.app)
        await pilot.resize_terminal(60, 16)
        await wait_until(pilot, lambda: "9 Base against adapter" not in screen_text(pilot.app))
        assert "An adapter stands on layers" in screen_text(pilot.app)


async def test_help_speaks_of_the_focused_option_and_g_opens_its_chapter(folder: Path) -> None:
    async with app_on(folder).run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: hasattr(pilot.app.focused, "spec"), "an option has the focus")
        await pilot.press("f1")
        await wait_for_text(pilot, "Base model: hub id or local folder")
        assert "ctrl+r starts the run" in screen_text(pilot.app)
        await scrolls(
            pilot, "#help-scroll", ("j", "down", "space", "pagedown"), ("k", "up", "pageup", "pageup")
        )
        await pilot.press("g")
        await wait_for_text(pilot, "Guide · First run")
        await pilot.press("escape")
        await wait_until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_help_is_left_by_each_of_its_keys(folder: Path) -> None:
    async with app_on(folder, tab="compare").run_test(size=(60, 16)) as pilot:
        await wait_for_text(pilot, "4 Compare")
        for key in ("escape", "f1", "question_mark", "q"):
            await pilot.press("question_mark")
            await wait_for_text(pilot, "The comparison")
            await pilot.press(key)
            await wait_until(pilot, lambda: len(pilot.app.screen_stack) == 1, key)


async def test_help_on_a_failed_run_leads_to_what_helps(folder: Path) -> None:
    path = make_run(folder / "runs", "big", state="failed")
    add_event(path, "failed", 20, error="out of memory in training of step 20", remedy="Set batch_size=2")
    async with app_on(folder, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "F1, then g: the guide on it.")
        await pilot.press("f1")
        await wait_for_text(pilot, "The list of runs")
        assert "Out of memory" in screen_text(pilot.app)
        await pilot.press("g")
        await wait_for_text(pilot, "Guide · Out of memory")


async def test_help_on_the_speed_leads_to_slow_training(folder: Path) -> None:
    make_run(folder / "runs", "slow")
    async with app_on(folder, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "finished  slow")
        await pilot.press("z", "m", "m", "m", "f1")
        await wait_for_text(pilot, "The curve")
        await pilot.press("g")
        await wait_for_text(pilot, "Guide · Slow training")


async def test_with_keys_of_ones_own_help_shows_them_and_the_guide_says_that_its_are_the_default(
    folder: Path,
) -> None:
    app = app_on(folder, tab="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "4 Compare")
        app.keymap = keymap_of({"keys": {"compare.run": "f7"}}, source="app.yaml")
        await pilot.press("f1")
        await wait_for_text(pilot, "F7 asks them all")
        await pilot.press("g")
        await wait_for_text(pilot, "keys as by default; F1 shows yours")


async def test_the_app_opens_the_guide_at_a_chapter_or_at_its_list(folder: Path) -> None:
    app = app_on(folder, tab="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "4 Compare")
        await app.run_action("guide('slow_training')")
        await wait_for_text(pilot, "Guide · Slow training")
        await pilot.press("escape")
        await app.run_action("guide")
        await wait_for_text(pilot, "what the terms mean")


def test_no_key_stands_twice_in_help_or_guide() -> None:
    for table in (HELP, GUIDE):
        words = [word for key in table for word in key.keys.split(",")]
        assert len(words) == len(set(words))
        assert all(hasattr(Guide, f"action_{key.action.partition('(')[0]}") for key in GUIDE)
