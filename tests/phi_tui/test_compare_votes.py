"""Blind votes by keyboard: no side is named, every vote is on disk at once, what is left goes on, pairs are exported."""

import json
from pathlib import Path

import pytest
from comparing import ANSWERS, NARROW, compared, comparing, sees
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from textual.pilot import Pilot
from view_app import ViewApp, screen_text, wait_until

from phi_core.errors import RequestError
from phi_core.evaluation.batch_folder import BatchFolder, read_batch
from phi_core.evaluation.votes import Vote, read_votes
from phi_tui.dialog_keys import VOTES
from phi_tui.keys import Key
from phi_tui.screens.votes import Votes
from phi_tui.vote_booth import booth_of


def votes_in(folder: Path) -> tuple[Vote, ...]:
    return tuple(vote for vote in read_votes(BatchFolder(folder).votes) if vote.choice is not None)


async def booth(app: ViewApp, pilot: Pilot[None]) -> str:
    await sees(app, pilot, "6/6 answers")
    await pilot.press("v")
    return await sees(app, pilot, "Which is better?")


async def test_a_ballot_shows_question_and_both_answers_and_names_no_model(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        text = await booth(app, pilot)
        assert "Capital of France?" in text and "It is Paris." in text and "Paris, arr!" in text
        assert "0 of 2 given" in text and "1 identical need no vote" in text
        assert "run-1" not in text and "base" not in text and "adapter" not in text


async def test_votes_are_kept_at_once_and_after_the_last_it_is_said_who_won(here: Path) -> None:
    folder = compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await booth(app, pilot)
        await pilot.press("h")
        await sees(app, pilot, "Capital of Japan?", "1 of 2 given", "kept: left is better")
        assert [vote.choice for vote in votes_in(folder)] == ["left"]
        await pilot.press("b")
        text = await sees(app, pilot, "2 of 2 given", "position bias", "both bad", "agreement:")
        assert "run-1:" in text
    assert [vote.choice for vote in votes_in(folder)] == ["left", "both_bad"]


async def test_leaving_and_coming_back_goes_on_with_what_is_left(here: Path) -> None:
    folder = compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await booth(app, pilot)
        await pilot.press("t", "escape")
        await sees(app, pilot, "✓✓ fr")
        text = await booth(app, pilot)
        assert "1 of 2 given" in text and "Capital of Japan?" in text
    assert len(votes_in(folder)) == 1


async def test_u_withdraws_the_last_vote_and_its_ballot_comes_again(here: Path) -> None:
    folder = compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await booth(app, pilot)
        await pilot.press("u")
        await sees(app, pilot, "there is no vote to undo")
        await pilot.press("h", "l")
        await sees(app, pilot, "2 of 2 given")
        await pilot.press("u")
        await sees(app, pilot, "1 of 2 given", "Capital of Japan?", "withdrawn")
        await pilot.press("u")
        await sees(app, pilot, "0 of 2 given", "Capital of France?")
    assert not votes_in(folder)


async def test_a_note_is_kept_with_its_vote_only(here: Path) -> None:
    folder = compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await booth(app, pilot)
        await pilot.press("n")
        await sees(app, pilot, "A note on this pair")
        await pilot.press(*"hilt", "enter")
        await sees(app, pilot, "note: hilt")
        await pilot.press("h", "h")
        await sees(app, pilot, "2 of 2 given")
    assert [vote.note for vote in votes_in(folder)] == ["hilt", ""]


async def test_another_rater_votes_on_all_pairs_and_agreement_is_told(here: Path) -> None:
    folder = compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await booth(app, pilot)
        await pilot.press("t", "t")
        await sees(app, pilot, "2 of 2 given")
        await pilot.press("r")
        await sees(app, pilot, "Who votes?")
        await pilot.press(*"ann", "enter")
        await sees(app, pilot, "votes of ann · 0 of 2 given")
        await pilot.press("t", "b")
        await sees(app, pilot, "agreement of", "kappa")
    assert len(votes_in(folder)) == 4


async def test_e_writes_preference_pairs_and_never_over_a_file(here: Path) -> None:
    folder = compared(here).answer().end()
    async with comparing(here, size=(160, 40)) as (app, _, pilot):
        await booth(app, pilot)
        await pilot.press("h", "t", "e")
        await sees(app, pilot, "Write preference pairs")
        await pilot.press("enter")
        await sees(app, pilot, "1 preference pair; left out: 1 tied")
        await pilot.press("e")
        await sees(app, pilot, "preference_pairs-2.jsonl")
    [row] = [json.loads(line) for line in (folder / "preference_pairs.jsonl").read_text().splitlines()]
    vote = votes_in(folder)[0]
    said = {"base": "It is Paris.", "run-1": "Paris, arr!"}
    assert row["chosen"] == [{"role": "assistant", "content": said[vote.winner or ""]}]
    assert {row["chosen"][0]["content"], row["rejected"][0]["content"]} == set(said.values())
    assert row["prompt"][-1]["content"] == "Capital of France?"


async def test_a_vote_that_cannot_be_kept_is_not_given(here: Path) -> None:
    folder = compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        await booth(app, pilot)
        BatchFolder(folder).votes.mkdir()
        await pilot.press("h")
        await sees(app, pilot, "Is a directory", "0 of 2 given", "Capital of France?")


async def test_answers_with_markup_and_sequences_are_shown_and_harmless(here: Path) -> None:
    odd = "\n".join([*MARKUP_STRINGS, *TERMINAL_SEQUENCES])
    compared(here, {"base": odd, "run-1": f"{odd} too"}).answer().end()
    async with comparing(here, size=(160, 50)) as (app, _, pilot):
        text = await booth(app, pilot)
        assert all(text.count(string) >= 2 for string in MARKUP_STRINGS)
        assert not FORBIDDEN & set(text)


async def test_without_answers_there_is_nothing_to_vote_on(here: Path) -> None:
    compared(here).writer.end("stopped")
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "0/6 answers", "■ stopped")
        await pilot.press("v")
        await sees(app, pilot, "There are no answers yet")


def test_a_booth_needs_a_pair_and_a_name(here: Path) -> None:
    folder = compared(here).answer(1).end("stopped")
    with pytest.raises(RequestError, match="nothing to vote on"):
        booth_of(read_batch(folder), "ann")
    folder = compared(here).answer().end()
    with pytest.raises(RequestError, match="needs a name"):
        booth_of(read_batch(folder), " ")


async def test_all_identical_answers_need_no_vote(here: Path) -> None:
    compared(here, {**ANSWERS, "run-1": ANSWERS["base"]}).answer().end()
    async with comparing(here) as (app, _, pilot):
        await booth(app, pilot)
        await wait_until(lambda: "all answers are identical" in screen_text(app), pilot)


@pytest.mark.parametrize("key", VOTES, ids=lambda key: key.action)
def test_every_key_of_the_votes_has_its_action(key: Key) -> None:
    assert hasattr(Votes, f"action_{key.action.partition('(')[0]}")


async def test_all_keys_of_a_ballot_stand_in_one_line_of_80_columns(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here, size=NARROW) as (app, _, pilot):
        text = (await booth(app, pilot)).replace("\N{NO-BREAK SPACE}", " ")
        assert "h Left  l Right  t Tie  b Both bad  n Note  u Undo  r Rater  e Export  esc Back" in text
