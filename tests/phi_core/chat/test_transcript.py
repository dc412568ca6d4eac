"""Transcripts: what is written is read again, files of others are never overwritten, and odd files are refused in words."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from phi_core.chat.transcript import BROKEN_OFF, conversation_from, transcript_lines, transcript_markdown
from phi_core.chat.transcript_file import (
    TranscriptFile,
    export,
    new_chat_path,
    read_transcript,
    saved_chats,
)
from phi_core.chat.turns import Conversation, Reply
from phi_core.config.sampling import Sampling
from phi_core.errors import RequestError

ODD = 'a "quote"\n\n```py\nx = 1\n```\n\x1b[2J \u2028 \ud83d\ude42 [/x]'.encode(
    "utf-16", "surrogatepass"
).decode("utf-16")
REPLY = Reply(
    model="some/model",
    target="pirate",
    sampling=Sampling(temperature=0.7, top_k=5, seed=7),
    system="Be brief.",
    strength=1.5,
    adapter="/runs/a/final_adapter",
    text=ODD,
    tokens=3,
    seconds=0.5,
    prompt_tokens=12,
    dropped_turns=1,
    ending="stop",
    prompt_format="raw",
    prompt_format_hash="abc",
    fingerprint="f00",
    versions={"torch": "2.0"},
)
CHAT = Conversation().asked(ODD, [REPLY, replace(REPLY, target="base")]).asked("two", [REPLY])


def test_what_is_written_is_read_again() -> None:
    edited = CHAT.cut(1).asked("two, edited", [replace(REPLY, ending="failed", error="it died")])
    for conversation in (CHAT, edited):
        text = transcript_lines(conversation)
        assert conversation_from(text, source="x") == conversation
        assert len(text.split("\n")) == len(conversation.turns) + len(conversation.left) + 1


def test_a_line_says_all_that_is_needed_to_ask_again() -> None:
    record = json.loads(transcript_lines(CHAT).split("\n")[0])
    said = record["replies"][0]
    assert record["format"] == 1 and record["prompt"] == ODD and said["text"] == ODD
    assert said["sampling"] == REPLY.sampling.model_dump()
    for name in ("model", "adapter", "strength", "prompt_format_hash", "fingerprint", "versions", "system"):
        assert said[name] == getattr(REPLY, name)


def test_an_answer_that_was_under_way_when_phi_ended_has_ended() -> None:
    text = transcript_lines(Conversation().asked("one", [replace(REPLY, ending=None)]))
    [reply] = conversation_from(text, source="x").turns[0].replies
    assert (reply.ending, reply.error, reply.text) == ("cancelled", BROKEN_OFF, ODD)


def test_a_torn_last_line_is_passed_over() -> None:
    assert conversation_from(transcript_lines(CHAT)[:-20], source="x").turns == CHAT.turns[:1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no conversation"),
        ("not json\n", "line 1"),
        ("[]\n", "it has no prompt"),
        ('{"prompt": "x"}\n', "turn must be a whole number"),
        ('{"turn": 1, "prompt": "x", "replies": [{"text": 3}]}\n', "text must be text, got 3"),
        ('{"turn": 1, "prompt": "x", "replies": [{"tokens": "x"}]}\n', "tokens must be a number"),
        ('{"turn": 1, "prompt": "x", "replies": 3}\n', "line 1"),
        ('{"turn": 1, "prompt": "x", "replies": ["y"]}\n', "line 1"),
        ('{"turn": 1, "prompt": "x", "replies": [{"sampling": 5}]}\n', "line 1"),
        ('{"turn": 1, "prompt": "x", "replies": [{"versions": 5}]}\n', "versions must be an object"),
        ("[" * 200_000 + "\n", "line 1"),
    ],
)
def test_what_is_no_transcript_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        conversation_from(text, source="file.jsonl")


def test_what_a_newer_phi_adds_is_passed_over() -> None:
    record = json.loads(transcript_lines(CHAT).split("\n")[1])
    record["mood"] = record["replies"][0]["mood"] = "good"
    assert conversation_from(json.dumps(record) + "\n", source="x").turns[0].replies == (REPLY,)


def test_markdown_tells_who_said_what_and_what_was_cut_away() -> None:
    text = transcript_markdown(CHAT.cut(1).asked("new", [REPLY]))
    assert text.startswith("# Chat with some/model\n\n## system\n\nBe brief.\n\n## you\n\n")
    assert "## adapter pirate ×1.5 · temperature 0.7, seed 7 · 3 tokens" in text
    assert text.index("\n\nnew\n\n") < text.index("# Cut away") < text.index("\n\ntwo\n\n")
    assert ODD in text


def test_a_file_is_its_owner_s_alone_and_whole_at_any_time(tmp_path: Path) -> None:
    file = TranscriptFile(new_chat_path(tmp_path / "chats"))
    for conversation in (CHAT.cut(1), CHAT):
        path = file.write(conversation)
        assert read_transcript(path) == conversation
    assert path.stat().st_mode & 0o077 == 0
    assert list((tmp_path / "chats").iterdir()) == [path]


def test_two_programs_with_one_file_lose_nothing(tmp_path: Path) -> None:
    path = TranscriptFile(tmp_path / "chat.jsonl").write(CHAT)
    ours, theirs = TranscriptFile(path), TranscriptFile(path)
    conversation = ours.read()
    assert theirs.read() == conversation
    mine, other = conversation.asked("mine", [REPLY]), conversation.asked("theirs", [REPLY])
    assert ours.write(mine) == path
    elsewhere = theirs.write(other)
    assert elsewhere != path
    assert (read_transcript(path), read_transcript(elsewhere)) == (mine, other)


def test_a_file_that_is_there_is_never_replaced_by_a_new_chat_or_an_export(tmp_path: Path) -> None:
    (tmp_path / "talk.md").write_text("mine")
    (tmp_path / "chat.jsonl").write_text("mine")
    assert export(tmp_path / "talk.jsonl", CHAT) == (tmp_path / "talk-2.jsonl", tmp_path / "talk-2.md")
    assert export(tmp_path / "v1.2", CHAT)[0] == tmp_path / "v1.2.jsonl"
    assert TranscriptFile(tmp_path / "chat.jsonl").write(CHAT) == tmp_path / "chat-2.jsonl"
    assert (tmp_path / "talk.md").read_text() == (tmp_path / "chat.jsonl").read_text() == "mine"


def test_the_list_has_the_newest_first_and_passes_over_what_is_no_chat(tmp_path: Path) -> None:
    import os

    for name, age in (("old", 100), ("new", 10)):
        path = TranscriptFile(tmp_path / f"{name}.jsonl").write(CHAT)
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "broken.jsonl").write_text("{")
    found = saved_chats(tmp_path)
    assert [chat.path.stem for chat in found] == ["new", "old"]
    assert (found[0].num_turns, found[0].first_prompt) == (2, ODD)
    assert found[0].models == ("adapter pirate ×1.5", "base")
    assert saved_chats(tmp_path / "nowhere") == []
