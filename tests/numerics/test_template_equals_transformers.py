"""Phi-3.5's format is its published template: text byte for byte and ids one by one, as transformers gives them."""

from pathlib import Path

import pytest
from chat_tokenizers import save_phi35_tokenizer, save_tokenizer, tokenizer_of
from transformers import PreTrainedTokenizerFast

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import read_prompt_format, segments, tokenise

SYSTEM = Message("system", "Be brief.")
QUESTION = Message("user", "What is 2 + 2? äöü 🏴‍☠️ {{ x }}\n\n  line")
ANSWER = Message("assistant", "It is 4.\n\n```py\n2 + 2\n```")
CONVERSATIONS = {
    "question": ((QUESTION,), True),
    "system": ((SYSTEM, QUESTION), True),
    "empty system": ((Message("system", ""), QUESTION, ANSWER), False),
    "answered": ((SYSTEM, QUESTION, ANSWER), False),
    "two turns": ((SYSTEM, QUESTION, ANSWER, QUESTION, ANSWER), False),
    "second question": ((QUESTION, ANSWER, QUESTION), True),
    "third question": ((SYSTEM, QUESTION, ANSWER, QUESTION, ANSWER, QUESTION), True),
}


@pytest.fixture(scope="module", params=["bytes", "sentencepiece"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phi-3.5")
    return (
        save_phi35_tokenizer(folder)
        if request.param == "sentencepiece"
        else save_tokenizer(folder, "phi-3.5")
    )


@pytest.mark.parametrize("name", ["phi3", "chat_template"])
@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_text_and_ids_equal_those_of_apply_chat_template(folder: Path, name: str, conversation: str) -> None:
    messages, generation = CONVERSATIONS[conversation]
    theirs = PreTrainedTokenizerFast.from_pretrained(folder)
    plain = [message.as_json() for message in messages]
    text = theirs.apply_chat_template(plain, tokenize=False, add_generation_prompt=generation)
    ids = theirs.apply_chat_template(plain, add_generation_prompt=generation)["input_ids"]

    form = read_prompt_format(folder, name)
    assert "".join(part.text for part in segments(form, messages, generation=generation)) == text
    assert list(tokenise(form, messages, tokenizer_of(folder), generation=generation).ids) == list(ids)
