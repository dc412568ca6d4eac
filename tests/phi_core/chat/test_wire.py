"""The lines between a front end and an engine worker: everything that goes in comes out, on one line."""

import pytest

from phi_core.chat.engine import BaseProof, Chunk, EngineInfo
from phi_core.chat.wire import (
    chunk_from,
    chunk_record,
    error_from,
    error_record,
    info_from,
    line,
    record_from,
)
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
    proof=BaseProof(0.0, {"pirate": 1.5}),
    versions={"torch": "2.13"},
)


@pytest.mark.parametrize(
    "chunk", [Chunk("", 0, 0.0), Chunk("a\nb\r\u2028\x85🏴‍☠️", 3, 0.5), Chunk("", 9, 1.0, "cancelled")]
)
def test_a_chunk_round_trips_on_one_line(chunk: Chunk) -> None:
    raw = line(chunk_record(chunk))
    assert raw.count(b"\n") == 1 and raw.endswith(b"\n") and raw.isascii()
    assert chunk_from(record_from(raw)) == chunk


def test_half_a_surrogate_pair_round_trips() -> None:
    assert chunk_from(record_from(line(chunk_record(Chunk("\ud83c", 1, 0.0))))).text == "\ud83c"


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
