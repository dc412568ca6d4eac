"""The lines between a front end and an engine worker: everything that goes in comes out, on one line."""

import pytest

from phi_core.chat.engine import Ask, BaseProof, Chunk, EngineInfo, TokenChange
from phi_core.chat.messages import Message
from phi_core.chat.wire import (
    ask_from,
    ask_record,
    changes_from,
    changes_record,
    chunk_from,
    chunk_record,
    error_from,
    error_record,
    info_from,
    line,
    piece_from,
    piece_record,
    record_from,
)
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError, DataError, EngineFailed, ModelError, PhiError, Problem

INFO = EngineInfo(
    model_name="tiny/phi",
    targets=("base", "pirate"),
    device="cpu",
    dtype="float32",
    num_parameters=12,
    prompt_format="raw",
    prompt_format_hash="abc",
    context_length=64,
    proof=BaseProof(0.0, {"pirate": 1.5}, 1e-7, 1e-4, {"pirate": "DoRA, in passes of its own"}),
    serving={"base": "mixed", "pirate": "separate pass"},
    quantization="8bit",
    versions={"torch": "2.13"},
)


@pytest.mark.parametrize(
    "chunk", [Chunk("", 0, 0.0), Chunk("a\nb\r\u2028\x85🏴‍☠️", 3, 0.5), Chunk("", 9, 1.0, "cancelled", 7, 2)]
)
def test_a_chunk_round_trips_on_one_line(chunk: Chunk) -> None:
    raw = line(chunk_record(chunk))
    assert raw.count(b"\n") == 1 and raw.endswith(b"\n") and raw.isascii()
    assert chunk_from(record_from(raw)) == chunk


def test_half_a_surrogate_pair_round_trips() -> None:
    assert chunk_from(record_from(line(chunk_record(Chunk("\ud83c", 1, 0.0))))).text == "\ud83c"


def test_an_ask_round_trips_with_all_that_is_wanted() -> None:
    ask = Ask(
        (Message("system", "a\u2028"), Message("user", "\ud83c")),
        "x",
        Sampling(top_k=3, repetition_penalty=1.2),
        0.5,
    )
    assert ask_from(record_from(line(ask_record(ask)))) == ask


@pytest.mark.parametrize(
    "piece", [Chunk("a\u2028", 1, 0.5, "stop", 3), EngineFailed("too long", "Shorten it")]
)
def test_a_piece_of_a_batch_round_trips_with_its_place(piece: Chunk | EngineFailed) -> None:
    position, found = piece_from(record_from(line(piece_record(7, piece))))
    assert position == 7 and type(found) is type(piece)
    assert found == piece if isinstance(piece, Chunk) else str(found) == str(piece)


def test_a_refusal_of_another_kind_is_an_answer_that_failed() -> None:
    record = {**error_record(ModelError("no model")), "position": 1}
    _, found = piece_from(record_from(line(record)))
    assert type(found) is EngineFailed and "no model" in str(found)


def test_changes_round_trip() -> None:
    changes = (TokenChange("\x1b[2J", -1.0, -2.5, 0.0), TokenChange("", -0.1, -0.2, 3.5))
    assert changes_from(record_from(line(changes_record(changes)))) == changes


def test_what_is_loaded_round_trips() -> None:
    assert info_from(record_from(line(INFO.as_json()))) == INFO


@pytest.mark.parametrize(
    "error",
    [EngineFailed("broken", "Try again"), ModelError("no model"), AdapterError("no adapter", "Name it")],
)
def test_an_error_comes_out_as_the_same_class_and_words(error: PhiError) -> None:
    again = error_from(record_from(line(error_record(error))))
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_an_error_with_a_list_of_faults_keeps_them() -> None:
    error = DataError("two faults", [Problem("line 1", "empty"), Problem("line 2", "empty")], "Fill them")
    assert str(error_from(record_from(line(error_record(error))))) == str(error)


@pytest.mark.parametrize("kind", ["Problem", "Sequence", "nonsense", None, 3])
def test_an_unknown_kind_of_error_is_an_engine_that_failed(kind: object) -> None:
    assert type(error_from({"kind": kind, "what": "odd"})) is EngineFailed


@pytest.mark.parametrize("raw", [b"", b"warning: something\n", b"[1]\n", b"{\n", b"\xff\n"])
def test_what_is_no_message_is_named(raw: bytes) -> None:
    with pytest.raises(EngineFailed, match="no message"):
        record_from(raw)
