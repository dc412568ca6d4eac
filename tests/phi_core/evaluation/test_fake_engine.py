"""The fake keeps the promises of the Engine interface, so that tests on it mean something."""

import pytest
from fake_engine import FakeEngine

from phi_core.chat.engine import Ask, Engine, complete
from phi_core.chat.messages import Message, conversation
from phi_core.config.sampling import Sampling
from phi_core.errors import EngineFailed

TEXT = "  two lines\nof  text \n"


def as_engine(fake: FakeEngine) -> Engine:
    return fake


def test_chunks_join_to_the_answer_and_only_the_last_has_a_reason() -> None:
    chunks = list(as_engine(FakeEngine({"base": TEXT})).stream(Ask(conversation("?"), "base", Sampling())))
    assert "".join(chunk.text for chunk in chunks) == TEXT
    assert [chunk.finish_reason for chunk in chunks] == [None] * 4 + ["stop"]


@pytest.mark.parametrize("script", ["yes", {"?": "yes"}, lambda prompt: "yes"])
def test_a_script_is_a_text_a_table_or_a_function(script: object) -> None:
    engine = FakeEngine({"tuned": script})  # type: ignore[dict-item]
    assert complete(engine, Ask(conversation("?"), "tuned", Sampling())).text == "yes"
    assert engine.info.targets == ("base", "tuned")


def test_a_long_answer_is_cut_at_the_limit() -> None:
    found = complete(
        FakeEngine({"base": "a b c"}), Ask(conversation("?"), "base", Sampling(max_new_tokens=2))
    )
    assert (found.text, found.tokens, found.finish_reason) == ("a b", 2, "length")


def test_open_streams_are_counted_and_closing_ends_one() -> None:
    engine = FakeEngine({"base": "a b c"})
    stream = engine.stream(Ask(conversation("?"), "base", Sampling()))
    next(stream)
    assert engine.open_streams == 1
    with pytest.raises(AssertionError):
        engine.stream(Ask(conversation("?"), "base", Sampling()))
    stream.close()  # type: ignore[attr-defined]
    assert engine.open_streams == 0


def test_it_fails_where_it_is_told_to() -> None:
    engine = FakeEngine({"base": "a"}, failing=lambda prompt, target: prompt == "bad?")
    with pytest.raises(EngineFailed):
        complete(engine, Ask(conversation("bad?"), "base", Sampling()))
    with pytest.raises(EngineFailed):
        engine.log_likelihood((Message("user", "good?"),), "other")
    engine.close()
    with pytest.raises(EngineFailed, match="closed"):
        complete(engine, Ask(conversation("good?"), "base", Sampling()))
