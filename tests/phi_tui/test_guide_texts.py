"""What the guide and help say: rows of a width, places found, chapters that fit, keys as they are now. No screen."""

from dataclasses import replace
from pathlib import Path

import pytest
from run_factory import add_event, make_run
from textual.content import Content
from textual.widgets import Static

from phi_core.guide.chapters import CHAPTERS
from phi_core.runs.reader import Run, RunReader
from phi_tui.focus_help import TABS, focus_help, key_words, with_keys
from phi_tui.guide_places import METRIC_CHAPTERS, option_chapter, place_chapter, run_chapter
from phi_tui.guide_text import count_of, found_rows, guide_lines, marked
from phi_tui.keys import CHAT, DATA, RUNS, TRAIN
from phi_tui.metrics import METRICS
from phi_tui.run_notice import notice
from phi_tui.widgets.option_form import OptionRow

TEXT = """# Title

First words go
on here.

## Part

- an item with `code` and
  **strong** words
- another, see [Words](words.md)

1. the first step

```
phi data check
  indented
```
"""


def plain(rows: tuple[Content, ...]) -> list[str]:
    return [row.plain for row in rows]


def test_markdown_becomes_rows_of_the_width() -> None:
    assert plain(guide_lines(TEXT, 30)) == [
        *("Title", "", "First words go on here.", "", "Part"),
        *("• an item with code and strong", "  words", "• another, see Words (0)"),
        *("1. the first step", "", "  phi data check", "    indented"),
    ]


@pytest.mark.parametrize("width", [40, 52, 74, 110])
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_no_row_is_wider_than_the_screen_and_no_sign_of_markdown_is_left(chapter: object, width: int) -> None:
    rows = plain(guide_lines(chapter.text, width))  # type: ignore[attr-defined]
    is_code = {row for row in rows if row.startswith("  phi ")}
    assert max(len(row) for row in rows if row not in is_code) <= width
    assert not [row for row in rows if "**" in row or "`" in row or "](" in row]


def test_found_words_are_marked_in_their_rows_in_any_case() -> None:
    rows = guide_lines(TEXT, 30)
    assert [rows[number].plain for number in found_rows(rows, "WORDS")] == [
        *("First words go on here.", "  words", "• another, see Words (0)"),
    ]
    assert found_rows(rows, "") == ()
    shown = marked(rows, "words")
    assert [shown.plain[span.start : span.end] for span in shown.spans if span.style == "reverse"] == [
        *("words", "words", "Words"),
    ]
    assert (count_of(TEXT, "words go on"), count_of(TEXT, "  "), count_of(TEXT, "none")) == (1, 0, 0)


def run_with(folder: Path, state: str, **failure: str) -> Run:
    path = make_run(folder, "some", state=state, alive=False)
    if failure:
        add_event(path, "failed", 20, **failure)
    return RunReader(path).read()


@pytest.mark.parametrize(
    ("state", "error", "chapter"),
    [
        ("failed", "out of memory in training of step 3: a micro-batch does not fit", "out_of_memory"),
        ("failed", "DefaultCPUAllocator: not enough memory: you tried to allocate", "out_of_memory"),
        ("failed", "the loss is nan at step 4, computed on a.jsonl:7", "poor_results"),
        ("failed", "the gradient is not finite at step 4", "poor_results"),
        ("failed", "the disk is full", ""),
        ("running", "", "out_of_memory"),  # its process is gone: lost
        ("finished", "", ""),
    ],
)
def test_a_failed_run_leads_to_its_chapter_and_says_so(
    tmp_path: Path, state: str, error: str, chapter: str
) -> None:
    run = run_with(tmp_path, state, **({"error": error, "remedy": "Do this"} if error else {}))
    assert run_chapter(run) == chapter
    assert ("F1, then g" in notice(run)[0]) == bool(chapter)
    assert place_chapter("runs", run=run).name == (chapter or "curves")


def test_options_lead_to_what_is_said_of_them() -> None:
    assert option_chapter("lora_goal") == "layers"
    assert option_chapter("gradient_checkpointing") == "out_of_memory"
    assert option_chapter("learning_rate") == "options"
    assert place_chapter("train", option="max_length").name == "data"
    assert place_chapter("train").name == "first_run"


def test_a_curve_leads_to_what_is_said_of_it() -> None:
    assert set(METRIC_CHAPTERS) <= {metric.title for metric in METRICS}
    assert place_chapter("runs", metric="speed").name == "slow_training"
    assert place_chapter("runs", metric="loss").name == "curves"


def test_words_name_the_keys_as_they_are_now() -> None:
    assert with_keys("{launch} starts, {nothing} stays", TRAIN) == "ctrl+r starts, {nothing} stays"
    other = tuple(replace(key, keys="f5,x") if key.action == "launch" else key for key in TRAIN)
    assert with_keys("{launch} starts", other) == "F5 starts"
    assert with_keys("{pane('log')} closes it", RUNS) == "l closes it"
    shown = key_words("Press {launch} now", other)
    assert (shown.plain, shown.plain[shown.spans[0].start : shown.spans[0].end]) == ("Press F5 now", "F5")


def test_every_key_named_in_the_words_of_a_tab_is_one_of_it() -> None:
    for tab, table in (("train", TRAIN), ("runs", RUNS), ("chat", CHAT), ("data", DATA)):
        assert "{" not in focus_help(tab, None, (*table, *_everywhere())).words.plain, tab
    assert set(TABS) == {"train", "runs", "chat", "compare", "data"}


def test_help_of_an_unknown_thing_is_that_of_its_tab() -> None:
    found = focus_help("train", Static(), TRAIN)
    assert (found.title, found.keys, found.option) == (TABS["train"].title, (), "")
    assert "ctrl+r starts the run" in found.words.plain


def test_help_of_an_option_is_its_advice_and_then_what_to_do() -> None:
    from phi_core.config.problems import SPECS
    from phi_tui.draft import Draft

    row = OptionRow(SPECS["schedule"], Draft().text("schedule"))
    found = focus_help("train", row.field, TRAIN)
    assert (found.title, found.option) == ("schedule", "schedule")
    assert found.words.plain.startswith("Course of the learning rate after warm-up")
    assert "golden_decay" in found.words.plain and "ctrl+r starts the run" in found.words.plain
    assert "space" in found.keys[0].keys  # a choice takes it by itself


def _everywhere() -> tuple[object, ...]:
    from phi_tui.keys import APP

    return APP
