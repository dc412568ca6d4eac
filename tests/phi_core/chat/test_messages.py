"""Messages as plain data."""

import pytest

from phi_core.chat.engine import BaseProof
from phi_core.chat.messages import Message, conversation, message_from, messages_from


def test_a_message_comes_back_from_its_json() -> None:
    messages = conversation("Hi", system="Be brief.")
    assert messages_from([message.as_json() for message in messages]) == messages


def test_no_system_message_is_made_of_nothing() -> None:
    assert conversation("Hi") == conversation("Hi", system="") == (Message("user", "Hi"),)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"role": "bot", "content": "x"}, "role must be one of system, user, assistant, got 'bot'"),
        ({"content": "x"}, "got None"),
        ({"role": "user", "content": None}, "content must be text, got NoneType"),
    ],
)
def test_a_bad_message_is_named(record: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        message_from(record)


def test_the_proof_says_what_was_found() -> None:
    assert "base proved" in BaseProof(0.0, {"pirate": 2.0}).sentence()
    assert "pirate changes nothing" in BaseProof(0.0, {"pirate": 0.0}).sentence()
    assert "NOT proved" in BaseProof(1e-6, {"pirate": 2.0}).sentence()
