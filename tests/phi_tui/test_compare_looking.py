"""Looking at a comparison: filters, columns of many adapters, the text diff, and the tokens with their signs."""

from dataclasses import replace
from pathlib import Path

import pytest
from comparing import ANSWERS, NARROW, compared, comparing, sees
from fake_engine import FakeEngine
from rich.style import Style
from view_app import finished_run, screen_text, wait_until

from phi_core.chat.engine import TokenChange
from phi_core.evaluation.batch_request import BatchRequest
from phi_tui.answer_columns import held_against_base, in_sight, others, turned
from phi_tui.change_text import SIGNS, drawn, level, lines_of, next_strong
from phi_tui.compare_choice import CompareChoice
from phi_tui.compare_text import who_words
from phi_tui.diff_text import diff_content

THREE = {**ANSWERS, "second": "Aye second.", "third": "Aye third."}
CHANGES = (
    TokenChange("Arr", -9.0, -0.1, 6.0),
    TokenChange(",", -0.1, -0.1, 0.0),
    TokenChange(" me", -0.1, -0.9, 0.3),
    TokenChange("\n", -3.0, -0.2, 0.9),
    TokenChange("hearty", -0.1, -8.0, 0.1),
    TokenChange("", -0.2, -0.2, 0.0),
)


async def test_f_lists_all_then_differing_better_worse_and_failed_questions(here: Path) -> None:
    compared(here, failing=["Say something."]).answer().end()
    async with comparing(here) as (app, view, pilot):
        await sees(app, pilot, "4/6 answers")
        ids = []
        for _ in range(6):
            ids.append([question.id for question in view.board.listed])
            await pilot.press("f")
        assert ids == [["fr", "jp", "free"], ["fr", "jp"], ["jp"], [], ["free"], ["fr", "jp", "free"]]
        await pilot.press("f", "f")
        await sees(app, pilot, "worse: 0 of 3", "No question is worse; f turns the filter.")


async def test_a_narrow_screen_shows_one_answer_and_right_and_left_turn_the_models(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await sees(app, pilot, "✓ finished")
        await pilot.press("j")
        text = await sees(app, pilot, "No idea.")
        assert "Tokyo, arr!" not in text
        await pilot.press("right")
        assert "No idea." not in await sees(app, pilot, "Tokyo, arr!")
        await pilot.press("left")
        await sees(app, pilot, "No idea.")


async def test_many_adapters_stand_beside_the_base_and_turn_where_not_all_fit(here: Path) -> None:
    compared(here, THREE).answer().end()
    async with comparing(here, size=(110, 40)) as (app, _, pilot):
        await sees(app, pilot, "✓ finished")
        text = await sees(app, pilot, "adapter run-1", "It is Paris.")
        assert "Aye second." not in text and "Aye third." not in text
        await pilot.press("right")
        assert "It is Paris." in await sees(app, pilot, "Aye second.")
        await pilot.press("left", "left")
        await sees(app, pilot, "Aye third.", "It is Paris.")


async def test_a_resized_terminal_goes_from_columns_to_one_answer_and_back(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here, size=(160, 50)) as (app, _, pilot):
        await sees(app, pilot, "It is Paris.", "Paris, arr!")
        await pilot.resize_terminal(60, 16)
        await wait_until(lambda: "Paris, arr!" not in screen_text(app), pilot)
        await pilot.resize_terminal(160, 50)
        await sees(app, pilot, "It is Paris.", "Paris, arr!")


async def test_d_turns_to_the_text_diff_then_to_the_tokens_then_back(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await sees(app, pilot, "✓ finished")
        await pilot.press("d")
        await sees(app, pilot, "[-It is", "arr!+}")
        await pilot.press("d")
        await sees(app, pilot, "2 tokens", "1/2 'Paris,'", "likelier", "log prob. +0.50")
        await pilot.press("right")
        await sees(app, pilot, "2/2 ' arr!'", "KL 0.10")
        await pilot.press("c")
        await sees(app, pilot, "KL in nats: 1 from 0.05")
        await pilot.press("d")
        await sees(app, pilot, "It is Paris.")


async def test_an_answer_without_token_differences_says_so(here: Path) -> None:
    compared(here).answer().writer.end("stopped")
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await sees(app, pilot, "■ stopped")
        await pilot.press("d", "d")
        await sees(app, pilot, "No token differences of this answer yet")


async def test_enter_gives_the_answers_the_whole_screen_and_the_keys_still_work(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await sees(app, pilot, "✓✓ fr")
        await pilot.press("enter")
        await wait_until(lambda: "✓✓ fr" not in screen_text(app), pilot)
        await pilot.press("j")
        await sees(app, pilot, "No idea.")
        await pilot.press("escape")
        await sees(app, pilot, "✗✓ jp")


def test_tokens_are_wrapped_whole_and_every_change_has_a_sign_under_its_token() -> None:
    lines = lines_of(CHANGES, 10)
    rows = [drawn(line, CHANGES, "shift", cursor=0, style_of=lambda name: Style()) for line in lines]
    assert [text.plain for text, _ in rows] == ["Arr, me↵", "hearty∎"]
    assert [signs.plain.rstrip() for _, signs in rows] == ["▲    - ▲", "▼"]


@pytest.mark.parametrize("measure", ["shift", "kl"])
def test_every_level_has_a_sign_of_its_own(measure: str) -> None:
    signs = SIGNS[measure]  # type: ignore[index]
    assert len(set(signs.values())) == len(signs)
    assert all(level(change, measure) in signs for change in CHANGES)  # type: ignore[arg-type]


def test_n_goes_to_the_next_token_that_changed_much_and_around_the_end() -> None:
    assert [next_strong(CHANGES, place, "shift") for place in (0, 3, 4)] == [3, 4, 0]
    assert next_strong(CHANGES[1:3], 0, "shift") == 0


def test_a_token_wider_than_the_line_is_cut_and_keeps_one_place() -> None:
    lines = lines_of((TokenChange("x" * 25, -1.0, -1.0, 0.0),), 10)
    assert [part.text for line in lines for part in line] == ["x" * 10, "x" * 10, "x" * 5]


def test_the_base_stays_in_sight_and_the_others_turn() -> None:
    targets = ("base", "a", "b", "c")
    assert in_sight(targets, "base", 4) == targets
    assert in_sight(targets, "b", 3) == ("base", "b", "c")
    assert in_sight(targets, "c", 3) == ("base", "c", "a")
    assert in_sight(targets, "base", 1) == ("base",)
    assert in_sight(("x", "y"), "y", 1) == ("y",)
    assert held_against_base(targets, "base") == "a" and held_against_base(targets, "c") == "c"
    assert others(("base",)) == ("base",)
    assert turned(("a", "b"), "b", 1) == "a" and turned(("a", "b"), "a", -1) == "b"


def test_the_diff_is_readable_without_colours_and_obeys_no_markup() -> None:
    diff = diff_content("the [bold]cat[/] sat", "the [bold]dog[/] sat").plain
    assert "[-cat-]{+dog+}" in diff and diff.startswith("the [bold]")
    assert "word for word" in diff_content("same", "same").plain


def test_the_header_says_who_is_not_served_in_the_same_batch_and_how() -> None:
    request = BatchRequest(
        "org/model", {"plain": "/a", "dora": "/b", "pissa": "/c"}, {"vllm": "http://x/v1#m"}
    )
    targets = ("base", "plain", "dora", "pissa", "vllm")
    serving = dict(zip(targets, ("mixed", "mixed", "separate pass", "own base", "remote"), strict=True))
    info = replace(FakeEngine(dict.fromkeys(targets, "")).info, serving=serving)  # type: ignore[arg-type]
    words = who_words(CompareChoice(request), info)
    assert words == "org/model + plain + dora (separate passes) + pissa (own base) + vllm (endpoint)"


async def test_page_keys_scroll_what_is_read_and_the_arrows_move_between_questions(here: Path) -> None:
    long = "\n".join(f"row-{number}." for number in range(40))
    compared(here, {"base": long, "run-1": "short"}).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        assert "row-30." not in await sees(app, pilot, "row-0.")
        for _ in range(8):
            await pilot.press("pagedown")
        await sees(app, pilot, "row-39.")
        for _ in range(8):
            await pilot.press("pageup")
        await sees(app, pilot, "Capital of France?", "row-0.")
        await pilot.press("down")
        await wait_until(lambda: screen_text(app).count("Capital of Japan?") == 2, pilot)
        await pilot.press("end", "up", "home")
        await wait_until(lambda: screen_text(app).count("Capital of France?") == 2, pilot)


async def test_the_key_bar_offers_esc_while_the_summary_is_open_and_it_opens_at_its_top(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, view, pilot):
        await sees(app, pilot, "✓ finished")
        assert view.is_offered("run") and not view.is_offered("stop")
        await pilot.press("s", "space", "s", "s")
        await sees(app, pilot, "Verdict")
        assert view.is_offered("stop") and not view.is_offered("run")


async def test_base_and_adapter_stand_side_by_side_before_anything_was_answered(here: Path) -> None:
    finished_run(here / "runs", "run-1")
    async with comparing(here, size=(160, 50)) as (app, _, pilot):
        await sees(app, pilot, "· base", "· adapter run-1")


async def test_without_a_run_the_next_step_is_said_and_running_is_not_offered(here: Path) -> None:
    async with comparing(here, size=NARROW) as (app, view, pilot):
        await sees(app, pilot, "No run with an adapter yet")
        assert not view.is_offered("run")
