"""Search in a log, and telling whether it went on: plain functions."""

import pytest

from phi_tui.log_search import matches, next_match, shift, spans, status


def test_every_line_with_the_text_is_found_whatever_its_capitals() -> None:
    lines = ["an Error", "fine", "error error"]
    assert matches(lines, "eRRor") == (0, 2) and matches(lines, "") == ()
    assert spans("error error", "Error") == [(0, 5), (6, 11)] and spans("fine", "error") == []


def test_going_on_from_a_match_goes_round_the_ends() -> None:
    found = (3, 7, 20)
    assert [next_match(found, at, 1) for at in (0, 3, 5, 20)] == [3, 7, 7, 3]
    assert [next_match(found, at, -1) for at in (0, 3, 7, 25)] == [20, 20, 3, 20]
    assert next_match((), 5, 1) is None


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("abc", "abcd", 0),
        ("abc", "abc", 0),
        ("abc", "bcd", 1),
        ("aab", "abx", 1),
        ("abc", "xyz", None),
        ("abc", "ab", None),
        ("", "abc", None),
        ("abc", "", None),
    ],
)
def test_a_log_that_went_on_keeps_its_lines(before: str, after: str, kept: int | None) -> None:
    assert shift(tuple(before), tuple(after)) == kept


def test_the_status_says_where_one_is_and_how_to_go_on() -> None:
    still = {"follows": False, "row": 1200, "num_lines": 5000}
    assert (
        status(place=None, num_found=0, text="", **still)
        == "paused at line 1,200 of 5,000 · end follows again"
    )
    assert status(place=2, num_found=17, text="x", **still).startswith(
        "3 of 17 lines have it · n next, N before"
    )
    assert status(place=None, num_found=0, text="x", follows=True, row=1, num_lines=1) == (
        "no line has it · follows the end"
    )
