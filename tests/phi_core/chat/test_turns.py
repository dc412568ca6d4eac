"""A conversation: which reply counts, what each model is told, and that nothing that was said is lost."""

from dataclasses import replace

from phi_core.chat.engine import BaseProof, EngineInfo
from phi_core.chat.turns import Conversation, Reply, told
from phi_core.config.sampling import Sampling


def reply(text: str, target: str = "base", **changes: object) -> Reply:
    return replace(Reply("m", target, Sampling(), text=text, ending="stop"), **changes)  # type: ignore[arg-type]


def contents(conversation: Conversation, target: str, prompt: str = "next", system: str = "") -> list[str]:
    return [message.content for message in told(conversation.turns, prompt, system=system, target=target)]


def test_each_model_is_told_its_own_answers_and_another_s_where_it_has_none() -> None:
    both = Conversation().asked("one", [reply("from base"), reply("from pirate", "pirate")])
    then = both.asked("two", [reply("base alone")])
    assert contents(then, "base") == ["one", "from base", "two", "base alone", "next"]
    assert contents(then, "pirate") == ["one", "from pirate", "two", "base alone", "next"]


def test_the_newest_round_counts_unless_it_failed() -> None:
    once = Conversation().asked("one", [reply("first")])
    again = once.asked_again([reply("second")])
    failed = again.asked_again([reply("torn", ending="failed")])
    assert contents(again, "base") == contents(failed, "base") == ["one", "second", "next"]
    assert [each.text for each in failed.turns[0].replies] == ["first", "second", "torn"]
    assert [each.round for each in failed.turns[0].replies] == [1, 2, 3]


def test_a_question_without_an_answer_is_not_told() -> None:
    failed = Conversation().asked("one", [reply("torn", ending="failed")]).asked("two", [reply("fine")])
    assert contents(failed, "base", system="Be brief.") == ["Be brief.", "two", "fine", "next"]


def test_what_is_cut_away_stays_beside_the_conversation() -> None:
    long = Conversation().asked("one", [reply("1")]).asked("two", [reply("2")]).asked("three", [reply("3")])
    edited = long.cut(1).asked("two, edited", [reply("2b")])
    assert [turn.prompt for turn in edited.turns] == ["one", "two, edited"]
    assert [turn.prompt for turn in edited.left] == ["two", "three"]
    assert [(turn.number, turn.after) for turn in (*edited.turns, *edited.left)] == [
        (1, None),
        (4, 1),
        (2, 1),
        (3, 2),
    ]


def test_who_answered_is_named_with_the_strength_where_it_is_not_one() -> None:
    assert reply("").who == "base"
    assert reply("", "pirate", adapter="/a").who == "adapter pirate"
    assert reply("", "pirate", adapter="/a", strength=1.5).who == "adapter pirate ×1.5"
    assert reply("", "llama").who == "llama"


def test_figures_say_how_fast_how_it_ended_and_what_was_left_out() -> None:
    slow = reply("x", tokens=10, seconds=2.0, ending="length", dropped_turns=2)
    assert (
        slow.facts == "10 tokens · 5.0 tokens/s · 2.0 s · 2 oldest turns left out · cut at the longest answer"
    )


def test_a_reply_takes_over_what_its_engine_says_of_itself_and_an_endpoint_s_does_not() -> None:
    info = EngineInfo(
        model_name="real/name",
        targets=("base", "far"),
        device="cpu",
        dtype="float32",
        num_parameters=1,
        prompt_format="raw",
        prompt_format_hash="abc",
        context_length=10,
        proof=BaseProof(0.0),
        fingerprints={"base": "f00"},
        serving={"base": "mixed", "far": "remote"},
        versions={"torch": "2"},
    )
    here = reply("").from_engine(info)
    assert (here.model, here.prompt_format_hash, here.fingerprint) == ("real/name", "abc", "f00")
    there = reply("", "far", model="http://x/v1#m").from_engine(info)
    assert (there.model, there.prompt_format_hash, there.device) == ("http://x/v1#m", "", "endpoint")
