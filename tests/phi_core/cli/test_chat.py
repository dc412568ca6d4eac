"""`phi chat` with a scripted engine: its commands, questions from a pipe, and what a dead engine leaves."""

from pathlib import Path

import pytest
from fake_engine import FakeEngine

from phi_core.chat.transcript_file import TranscriptFile, read_transcript
from phi_core.cli.chat_answers import answer
from phi_core.cli.chat_commands import COMMANDS, HELP, carry_out
from phi_core.cli.chat_session import Session
from phi_core.cli.target import Target
from phi_core.config.sampling import Sampling
from phi_core.errors import EngineLost

TALK = {"base": "I am the base.", "pirate": "Arr, matey."}


class Teller:
    def __init__(self) -> None:
        self.told: list[str] = []

    def __call__(self, text: str) -> None:
        self.told.append(text)

    @property
    def last(self) -> str:
        return self.told[-1]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def session_of(*engines: FakeEngine, adapter: Path = Path("adapter")) -> tuple[Session, Teller]:
    """A session with the first engine; those after it are what a restart finds."""
    rest, teller = list(engines[1:]), Teller()
    session = Session(
        open=lambda target: rest.pop(0),
        loaded=Target("some/model", None, {"pirate": adapter}, None),
        engine=engines[0],
        target="pirate",
        sampling=Sampling(),
        tell=teller,
    )
    return session, teller


def talk(session: Session, *lines: str) -> None:
    for line in lines:
        if line.startswith("/"):
            assert carry_out(session, line)
        else:
            answer(session, line)


def prompts(session: Session) -> list[str]:
    return [turn.prompt for turn in session.conversation.turns]


def test_questions_are_answered_with_their_history_and_nothing_else_is_printed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = FakeEngine(TALK)
    session, teller = session_of(engine)
    talk(session, "one", "temp is a word")
    assert capsys.readouterr().out == "Arr, matey.\nArr, matey.\n"
    assert [message.content for message in engine.calls[-1].messages] == [
        "one",
        "Arr, matey.",
        "temp is a word",
    ]
    assert teller.told == []


def test_the_target_the_strength_and_both_are_switched(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = FakeEngine(TALK)
    session, teller = session_of(engine)
    talk(session, "/strength 1.5", "one", "/base", "two", "/both", "three", "/adapter pirate", "four")
    assert [(call.target, call.strength) for call in engine.calls] == [
        ("pirate", 1.5),
        ("base", 1.0),
        ("base", 1.0),
        ("pirate", 1.5),
        ("pirate", 1.5),
    ]
    assert "base:\nI am the base.\nadapter pirate ×1.5:\nArr, matey.\n" in capsys.readouterr().out
    assert teller.told == [
        "pirate ×1.5 answers now",
        "base answers now",
        "base and pirate ×1.5 answer now",
        "pirate ×1.5 answers now",
    ]


def test_every_option_of_the_sampling_can_be_set(place: Path) -> None:
    engine = FakeEngine(TALK)
    session, teller = session_of(engine)
    values = {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 3,
        "repetition_penalty": 1.2,
        "max_new_tokens": 7,
        "seed": 1,
    }
    assert set(values) == set(Sampling.model_fields)
    talk(
        session,
        *(f"/set {name} {value}" for name, value in values.items()),
        "/system Be brief.",
        "one",
        "/set",
    )
    assert engine.calls[0].sampling == Sampling.model_validate(values)
    assert engine.calls[0].messages[0].content == "Be brief."
    assert "top_k 3" in teller.last


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/nonsense", "no command /nonsense"),
        ("/set temperature hot", "temperature: "),
        ("/set heat 3", "no option 'heat'"),
        ("/strength 3", "from 0 to 2, got '3'"),
        ("/strength nan", "from 0 to 2, got 'nan'"),
        ("/adapter nobody", "no model is loaded as 'nobody'"),
        ("/checkpoint", "not of a run"),
        ("/retry", "nothing has been asked"),
        ("/edit x", "nothing has been asked"),
        ("/undo", "nothing has been asked"),
        ("/load", "names no file"),
        ("/load nowhere.jsonl", "cannot be read"),
        ("/load latest", "no earlier chat"),
    ],
)
def test_a_wrong_command_is_told_and_the_chat_goes_on(place: Path, line: str, said: str) -> None:
    session, teller = session_of(FakeEngine(TALK))
    talk(session, line, "one")
    assert said in teller.told[0] and session.status == 2
    assert session.conversation.turns[0].newest[0].ending == "stop"


def test_retry_edit_and_undo_keep_what_was_said(place: Path) -> None:
    engine = FakeEngine(TALK)
    session, _ = session_of(engine)
    talk(session, "one", "two", "/base", "/retry")
    assert [reply.target for reply in session.conversation.turns[1].replies] == ["pirate", "base"]
    talk(session, "/edit 1 uno", "/edit due words")
    assert prompts(session) == ["due words"]
    talk(session, "three", "/edit 1 2 items")
    assert prompts(session) == ["2 items"]
    talk(session, "/undo", "four")
    assert prompts(session) == ["four"]
    assert len(session.conversation.left) == 6


def test_a_chat_is_saved_loaded_and_gone_on_with(place: Path) -> None:
    engine = FakeEngine(TALK)
    session, _ = session_of(engine)
    session.file = TranscriptFile(place / "kept.jsonl")
    talk(session, "one", "/save talk.jsonl", "/clear", "new")
    assert prompts(session) == ["new"]
    assert (place / "talk.md").read_text().count("Arr, matey.") == 1
    assert [turn.prompt for turn in read_transcript(place / "kept.jsonl").turns] == ["one"]
    talk(session, "/load talk.jsonl", "two")
    assert [turn.prompt for turn in read_transcript(place / "talk.jsonl").turns] == ["one", "two"]
    assert len(engine.calls[-1].messages) == 3


def test_a_dead_engine_keeps_what_was_said_and_is_started_again_by_retry(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = iter(range(100))

    def die() -> None:
        if next(words) == 1:
            first.close()
            raise EngineLost("the engine ended with status -9")

    first = FakeEngine(TALK, before_chunk=die)
    adapter = place / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    session, teller = session_of(first, FakeEngine(TALK), adapter=adapter)
    session.file = TranscriptFile(place / "kept.jsonl")
    talk(session, "one")
    assert "status -9" in teller.last and "/retry" in teller.last and session.status == 1
    [reply] = read_transcript(place / "kept.jsonl").turns[0].replies
    assert (reply.text, reply.ending) == ("Arr,", "failed")
    talk(session, "/retry")
    assert [reply.ending for reply in session.conversation.turns[0].replies] == ["failed", "stop"]
    assert capsys.readouterr().out == "Arr,\nArr, matey.\n"


def test_an_adapter_that_vanished_is_left_out_of_a_restart_with_a_word(place: Path) -> None:
    session, teller = session_of(FakeEngine(TALK), FakeEngine({"base": "b"}), adapter=place / "vanished")
    session.is_lost = True
    talk(session, "one")
    assert any("pirate is gone" in told for told in teller.told)
    assert session.conversation.turns[0].newest[0].target == "base"


def test_a_folder_of_an_adapter_is_loaded_and_answers(place: Path) -> None:
    folder = place / "other"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    engine = FakeEngine(TALK)
    session, _ = session_of(engine)
    talk(session, f"/adapter {folder}", "one")
    assert session.conversation.turns[0].newest[0].adapter == str(folder)
    assert engine.calls[-1].target == "other"


def test_the_last_answer_of_a_question_that_fails_makes_the_status_one(place: Path) -> None:
    session, teller = session_of(FakeEngine(TALK, failing=["bad"]))
    talk(session, "bad", "good")
    assert "cannot answer 'bad'" in teller.told[0] and session.status == 1
    assert session.conversation.turns[1].newest[0].ending == "stop"


def test_help_names_every_command() -> None:
    short = {"temp", "tokens"}
    assert all(f"/{name}" in HELP for name in COMMANDS.keys() - short)
