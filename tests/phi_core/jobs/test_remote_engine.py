"""An engine behind a pipe: stopping a batch, and what is left of one whose worker is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from phi_core.chat.engine import BASE, Ask, Chunk, complete
from phi_core.chat.messages import conversation
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError, EngineLost
from phi_core.jobs.remote_engine import RemoteEngine

LONG = Sampling(temperature=0, max_new_tokens=100)
ASKS = [Ask(conversation(str(number)), BASE, LONG) for number in range(3)]


@pytest.fixture(scope="module")
def engine(tiny_phi: Path) -> Iterator[RemoteEngine]:
    opened = RemoteEngine(str(tiny_phi), device="cpu")
    yield opened
    opened.close()


@pytest.mark.parametrize("whole", [False, True])
def test_a_batch_that_is_stopped_leaves_nothing_in_the_pipe(engine: RemoteEngine, whole: bool) -> None:
    wanted = complete(engine, ASKS[1])
    for _ in range(3):
        batch = engine.stream_batch(ASKS, whole=whole)
        next(batch)
        batch.close()  # type: ignore[attr-defined]
    again = complete(engine, ASKS[1])
    assert (again.text, again.tokens) == (wanted.text, wanted.tokens)


def test_a_refused_adapter_leaves_the_engine_as_it_was(engine: RemoteEngine, tmp_path: Path) -> None:
    before = engine.info
    with pytest.raises(AdapterError, match="does not exist"):
        engine.add("new", tmp_path / "nothing")
    assert engine.info == before and complete(engine, ASKS[0]).tokens


def test_what_a_killed_worker_had_said_is_kept_and_its_death_told(tiny_phi: Path) -> None:
    engine = RemoteEngine(str(tiny_phi), device="cpu")
    said: list[Chunk] = []
    with pytest.raises(EngineLost, match="ended with status"):
        for _, piece in engine.stream_batch(ASKS * 20):
            assert isinstance(piece, Chunk)
            said.append(piece)
            if len(said) == 5:
                engine._process.kill()
    assert len(said) >= 5
    engine.close()
