"""What makes two records the same, and how a fault names its place."""

from phi_core.chat.messages import Message
from phi_core.data.records import Record, RecordFault, content_hash, shown


def _record(*contents: str, line: int = 1, source: str = "a.jsonl") -> Record:
    return Record(tuple(Message("user", content) for content in contents), source, line)


def test_content_hash_ignores_where_a_record_stands() -> None:
    assert content_hash(_record("hi")) == content_hash(_record("hi", line=9, source="b.jsonl"))


def test_content_hash_keeps_roles_and_turn_borders_apart() -> None:
    answer = Record((Message("assistant", "ab"),), "a.jsonl", 1)
    hashes = {
        content_hash(record) for record in (_record("ab"), _record("a", "b"), _record("ab", ""), answer)
    }
    assert len(hashes) == 4


def test_content_hash_stays_what_it_was() -> None:
    expected = "675b797826f34c78b4322399d22d69a6f202258ae75ac2a2b1ad9573ad7b1dab"
    assert content_hash(_record("hi")) == expected


def test_a_fault_names_its_place_field_and_remedy() -> None:
    fault = RecordFault("missing", "response", remedy="Add it")
    assert str(fault.at("pirate.jsonl line 7")) == "pirate.jsonl line 7, field response: missing. Add it"
    assert str(RecordFault("not JSON").at("pirate.jsonl line 7")) == "pirate.jsonl line 7: not JSON"


def test_shown_names_can_be_printed_anywhere() -> None:
    safe = shown("a\x1b[2J\n\ud800b")
    assert "\x1b" not in safe and "\n" not in safe
    assert safe.encode()
