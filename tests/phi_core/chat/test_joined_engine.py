"""Several engines as one: who is asked, and what is said of the whole."""

from dataclasses import replace
from pathlib import Path

import pytest
from fake_engine import FakeEngine

from phi_core.chat.engine import BASE, Ask, BaseProof, Chunk, EngineInfo, complete
from phi_core.chat.joined_engine import JoinedEngine
from phi_core.chat.messages import Message, conversation
from phi_core.config.sampling import Sampling
from phi_core.errors import EngineFailed, RequestError


class Far(FakeEngine):
    """A fake without a base: as an endpoint has one target."""

    @property
    def info(self) -> EngineInfo:
        known = super().info
        (target,) = known.targets[1:]
        return replace(
            known, model_name="far#m", targets=(target,), serving={target: "remote"}, proof=BaseProof(None)
        )


def near() -> FakeEngine:
    return FakeEngine({BASE: "base", "tuned": "tuned"}, fingerprints={BASE: "b", "tuned": "t"})


def ask(target: str) -> Ask:
    return Ask(conversation("?"), target, Sampling())


def test_each_target_is_asked_of_the_engine_that_has_it() -> None:
    here, there = near(), Far({"far": "far away"})
    engine = JoinedEngine([here, there])
    assert [complete(engine, ask(target)).text for target in engine.info.targets] == [
        "base",
        "tuned",
        "far away",
    ]
    assert ([call.target for call in here.calls], [call.target for call in there.calls]) == (
        [BASE, "tuned"],
        ["far"],
    )
    answered = (*conversation("?"), Message("assistant", "far away"))
    assert engine.log_likelihood(answered, "far").tokens == 3
    assert len(engine.token_changes(answered, "far")) == 2


def test_positions_of_a_batch_are_those_of_the_caller() -> None:
    here, there = near(), Far({"far": "far"})
    targets = ["far", BASE, "nobody", "far", "tuned"]
    found = dict(JoinedEngine([here, there]).stream_batch([ask(target) for target in targets], whole=True))
    assert isinstance(found.pop(2), EngineFailed)
    assert {place: piece.text for place, piece in found.items() if isinstance(piece, Chunk)} == {
        0: "far",
        1: "base",
        3: "far",
        4: "tuned",
    }
    assert (here.batches, there.batches) == ([2], [2])


def test_what_is_said_of_the_whole_is_said_of_the_model_here() -> None:
    info = JoinedEngine([near(), Far({"far": "x"})]).info
    assert info.targets == (BASE, "tuned", "far")
    assert info.serving == {BASE: "mixed", "tuned": "mixed", "far": "remote"}
    assert info.proof.holds and info.fingerprints == {BASE: "b", "tuned": "t"}


def test_a_base_behind_an_endpoint_comes_first_and_is_not_proved() -> None:
    class FarBase(Far):
        @property
        def info(self) -> EngineInfo:
            return replace(super().info, targets=(BASE,), serving={BASE: "remote"})

    info = JoinedEngine([Far({"tuned": "x"}), FarBase({"m": "y"})]).info
    assert info.targets == (BASE, "tuned")
    assert not info.proof.holds and "endpoint" in info.proof.sentence()


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(RequestError, match="'tuned'"):
        _ = JoinedEngine([near(), Far({"tuned": "x"})]).info
    with pytest.raises(RequestError, match="no engine"):
        JoinedEngine([])


def test_an_adapter_is_added_to_the_model_here(tmp_path: Path) -> None:
    engine = JoinedEngine([near(), Far({"far": "x"})])
    assert engine.add("new", tmp_path / "new").targets == (BASE, "tuned", "new", "far")
    assert complete(engine, ask("new")).text == "new"
    with pytest.raises(RequestError, match="'far'"):
        engine.add("far", tmp_path)


def test_closing_closes_all() -> None:
    engines = [near(), Far({"far": "x"})]
    JoinedEngine(engines).close()
    assert all(engine.is_closed for engine in engines)
