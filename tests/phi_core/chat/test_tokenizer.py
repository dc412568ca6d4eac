"""The tokenizer of the light side gives the ids of transformers, without special tokens of its own."""

import json
from pathlib import Path
from typing import Any

import pytest
from chat_tokenizers import save_tokenizer, tokenizer_of
from tiny_models import STOP, byte_tokenizer
from tokenizers import processors
from transformers import AutoTokenizer

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import read_prompt_format, stop_ids, tokenise
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


class TestSpecialTokens:
    """Those that only tokenizer_config.json names, not the added tokens of tokenizer.json."""

    def folder(
        self, tmp_path: Path, settings: dict[str, Any], *, older: dict[str, Any] | None = None
    ) -> Path:
        folder = save_tokenizer(tmp_path, "tiny")
        path = folder / "tokenizer.json"
        content = json.loads(path.read_text())
        tokens = {item["content"]: item["id"] for item in content["added_tokens"]}
        content["model"]["vocab"] |= {**tokens, "<extra>": 300, "<more>": 301}
        content["added_tokens"] = []
        path.write_text(json.dumps(content))
        path = folder / "tokenizer_config.json"
        named = json.loads(path.read_text())
        del named["bos_token"], named["eos_token"], named["pad_token"]
        path.write_text(json.dumps(named | settings))
        if older is not None:
            (folder / "special_tokens_map.json").write_text(json.dumps(older))
        return folder

    @pytest.mark.parametrize(
        ("settings", "older"),
        [
            ({"eos_token": STOP}, None),
            ({"eos_token": {"__type": "AddedToken", "content": STOP, "rstrip": True}}, None),
            ({"eos_token": STOP, "extra_special_tokens": ["<extra>", "<more>"]}, None),
            ({"eos_token": STOP, "additional_special_tokens": ["<extra>"]}, None),
            (
                {"eos_token": "<|pad|>"},
                {"eos_token": STOP, "cls_token": {"content": "<more>", "lstrip": True}},
            ),
            (
                {
                    "eos_token": STOP,
                    "added_tokens_decoder": {"256": {"content": STOP, "rstrip": True, "special": True}},
                },
                {"eos_token": "<|pad|>"},
            ),
        ],
    )
    def test_they_are_tokens_as_in_transformers(
        self, tmp_path: Path, settings: dict[str, Any], older: dict[str, Any] | None
    ) -> None:
        folder = self.folder(tmp_path, settings, older=older)
        ours, theirs = tokenizer_of(folder), AutoTokenizer.from_pretrained(folder)
        for text in (STOP, f"a {STOP} b<extra> <more>c <|pad|>", TEXT):
            assert ours.encode(text) == theirs.encode(text, add_special_tokens=False)
        assert ours.encode(STOP) == [ours.token_id(STOP)] == [256]
        assert {STOP} <= ours.control.tokens
        assert ours.decode([256, 65]) == theirs.decode([256, 65], skip_special_tokens=True)
        heavy = text_tokenizer(theirs.backend_tokenizer)
        assert heavy.encode(TEXT) == ours.encode(TEXT)

    def test_the_stop_token_of_an_answer_is_its_id(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, {"eos_token": STOP})
        form, tokenizer = read_prompt_format(folder), tokenizer_of(folder)
        assert stop_ids(form, tokenizer) == {256}
        sample = tokenise(form, (Message("user", STOP), Message("assistant", "a")), tokenizer)
        assert sample.ids.count(256) == 2
        assert sample.ids[sample.answers[-1][1] - 1] == 256

    def test_a_stop_token_that_is_read_in_pieces_is_refused_with_the_pieces(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, {"eos_token": STOP})
        form = read_prompt_format(folder)
        (folder / "tokenizer_config.json").unlink()
        with pytest.raises(
            ModelError, match=r"reads the token '<\|endoftext\|>', which ends.* as 13 pieces: '<' "
        ):
            stop_ids(form, tokenizer_of(folder))

    def test_one_without_an_id_stays_text(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, {"eos_token": STOP, "pad_token": "[PAD]"})
        assert tokenizer_of(folder).token_id("[PAD]") is None
        folder = self.folder(tmp_path / "two", {"eos_token": "</s>"})
        with pytest.raises(ModelError, match="no token '</s>'"):
            stop_ids(read_prompt_format(folder), tokenizer_of(folder))
