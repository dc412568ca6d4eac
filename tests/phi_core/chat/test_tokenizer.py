"""The tokenizer of the light side gives the ids of transformers, without special tokens of its own."""

from pathlib import Path

import pytest
from tiny_models import STOP, byte_tokenizer
from tokenizers import processors
from transformers import AutoTokenizer

from phi_core.chat.tokenizer import read_tokenizer, text_tokenizer
from phi_core.errors import DataError, ModelError

TEXT = "Ahoy\n\tmatey! äöü 🏴‍☠️ <|endoftext|>"


def test_ids_equal_those_of_transformers(tiny_phi: Path) -> None:
    ours = read_tokenizer(tiny_phi)
    assert ours is not None
    theirs = AutoTokenizer.from_pretrained(tiny_phi)
    assert ours.encode(TEXT) == theirs.encode(TEXT, add_special_tokens=False)
    assert ours.decode(ours.encode(TEXT), skip_special_tokens=False) == TEXT
    assert ours.opening == ()


def test_the_opening_token_is_kept_apart() -> None:
    backend = byte_tokenizer()
    stop = backend.token_to_id(STOP)
    backend.post_processor = processors.TemplateProcessing(single=f"{STOP} $A", special_tokens=[(STOP, stop)])
    tokenizer = text_tokenizer(backend)
    assert tokenizer.opening == (stop,)
    assert stop not in tokenizer.encode("Ahoy")


def test_padding_and_truncation_of_the_file_are_switched_off() -> None:
    backend = byte_tokenizer()
    backend.enable_truncation(4)
    backend.enable_padding(length=64)
    assert len(text_tokenizer(backend).encode("a" * 20)) == 20


def test_half_a_surrogate_pair_is_named() -> None:
    tokenizer = text_tokenizer(byte_tokenizer())
    half = "\ud83d"
    with pytest.raises(DataError, match=r"half a surrogate pair.*here: \\ud83d!"):
        tokenizer.encode(f"here: {half}!")
    with pytest.raises(DataError, match="half a surrogate pair"):
        tokenizer.encode_all(["fine", half])


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    assert read_tokenizer(tmp_path) is None


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json is no tokenizer"):
        read_tokenizer(tmp_path)
