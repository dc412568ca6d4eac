"""What every engine promises: one class of tests, run on the fake, on a model in this process and on one behind a pipe."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_engine import FakeEngine

from phi_core.chat.engine import BASE, Chunk, Engine, complete
from phi_core.chat.messages import Message, conversation
from phi_core.chat.prompt_format import FORMATS, Tokenised, read_prompt_format, tokenise
from phi_core.chat.tokenizer import read_tokenizer
from phi_core.config.sampling import Sampling
from phi_core.errors import EngineFailed
from phi_core.jobs.remote_engine import RemoteEngine

QUESTION = conversation("What is the capital of France?")
ANSWERED = (*QUESTION, Message("assistant", "Paris"))
GREEDY = Sampling(temperature=0, max_new_tokens=12)
WARM = Sampling(temperature=1.0, top_p=0.9, max_new_tokens=12, seed=7)
TARGETS = (BASE, "pirate")

Start = Callable[[Path, Path], Engine]


def fake(model: Path, adapter: Path) -> Engine:
    return FakeEngine({BASE: "It is Paris, of course, as ever", "pirate": "Arr, it be Paris, ye landlubber"})


def local(model: Path, adapter: Path) -> Engine:
    from phi_core.inference.local_engine import LocalEngine
    from phi_core.models.base import load_base
    from phi_core.models.device import choose_device

    return LocalEngine(load_base(str(model), choose_device("cpu")), {"pirate": adapter})


def remote(model: Path, adapter: Path) -> Engine:
    return RemoteEngine(str(model), {"pirate": adapter}, device="cpu")


ENGINES: dict[str, Start] = {"fake": fake, "local": local, "remote": remote}


@pytest.fixture(scope="module")
def engines(tiny_phi: Path, tiny_adapter: Path) -> Iterator[dict[str, Engine]]:
    started = {name: start(tiny_phi, tiny_adapter) for name, start in ENGINES.items()}
    yield started
    for engine in started.values():
        engine.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    return engines[request.param]


class TestEngine:
    def test_it_says_what_is_loaded_base_first(self, engine: Engine) -> None:
        info = engine.info
        assert info.targets == TARGETS
        assert info.num_parameters > 0 and info.context_length > 0
        assert info.model_name and info.device and info.dtype and info.prompt_format_hash
        assert info.prompt_format in FORMATS

    def test_its_base_is_proved_and_its_adapter_changes_something(self, engine: Engine) -> None:
        proof = engine.info.proof
        assert proof.holds and not proof.idle_adapters
        assert set(proof.adapter_differences) == {"pirate"}

    @pytest.mark.parametrize("target", TARGETS)
    def test_only_the_last_piece_says_how_the_answer_ended(self, engine: Engine, target: str) -> None:
        chunks = list(engine.stream(QUESTION, target, GREEDY))
        assert [chunk.finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
        assert chunks[-1].finish_reason in ("stop", "length")

    def test_tokens_and_seconds_count_up_from_the_start_of_the_answer(self, engine: Engine) -> None:
        chunks = list(engine.stream(QUESTION, BASE, GREEDY))
        assert [chunk.tokens for chunk in chunks] == sorted(chunk.tokens for chunk in chunks)
        assert [chunk.seconds for chunk in chunks] == sorted(chunk.seconds for chunk in chunks)
        assert 0 < chunks[-1].tokens <= GREEDY.max_new_tokens

    def test_the_longest_answer_is_not_exceeded(self, engine: Engine) -> None:
        short = complete(engine, QUESTION, BASE, GREEDY.model_copy(update={"max_new_tokens": 2}))
        assert (short.tokens, short.finish_reason) == (2, "length")

    def test_a_greedy_answer_is_the_same_each_time_whatever_the_seed(self, engine: Engine) -> None:
        answers = {
            complete(engine, QUESTION, "pirate", GREEDY.model_copy(update={"seed": seed})).text
            for seed in (1, 1, 2)
        }
        assert len(answers) == 1

    def test_a_drawn_answer_depends_on_the_seed_alone(self, engine: Engine) -> None:
        one = complete(engine, QUESTION, BASE, WARM).text
        complete(engine, ANSWERED[:1], "pirate", WARM)
        assert complete(engine, QUESTION, BASE, WARM).text == one

    def test_base_and_adapter_answer_differently_in_any_order(self, engine: Engine) -> None:
        base, pirate = (complete(engine, QUESTION, target, GREEDY).text for target in TARGETS)
        assert base != pirate
        assert [complete(engine, QUESTION, target, GREEDY).text for target in reversed(TARGETS)] == [
            pirate,
            base,
        ]

    def test_a_whole_answer_is_its_pieces_joined(self, engine: Engine) -> None:
        pieces = [chunk.text for chunk in engine.stream(QUESTION, BASE, GREEDY)]
        assert complete(engine, QUESTION, BASE, GREEDY).text == "".join(pieces)

    @pytest.mark.parametrize("heard", [1, 3])
    def test_closing_an_answer_early_leaves_the_engine_usable(self, engine: Engine, heard: int) -> None:
        expected = [complete(engine, QUESTION, target, GREEDY).text for target in TARGETS]
        stream = engine.stream(QUESTION, "pirate", GREEDY)
        assert all(isinstance(next(stream), Chunk) for _ in range(heard))
        stream.close()  # type: ignore[attr-defined]
        assert [complete(engine, QUESTION, target, GREEDY).text for target in TARGETS] == expected

    def test_an_unknown_target_is_refused_and_the_engine_lives_on(self, engine: Engine) -> None:
        with pytest.raises(EngineFailed, match="nobody"):
            list(engine.stream(QUESTION, "nobody", GREEDY))
        with pytest.raises(EngineFailed, match="nobody"):
            engine.log_likelihood(ANSWERED, "nobody")
        assert complete(engine, QUESTION, BASE, GREEDY).tokens

    @pytest.mark.parametrize("target", TARGETS)
    def test_an_answer_has_a_negative_log_likelihood_over_its_tokens(
        self, engine: Engine, target: str
    ) -> None:
        found = engine.log_likelihood(ANSWERED, target)
        assert found.log_likelihood < 0 < found.tokens
        assert engine.log_likelihood(ANSWERED, target) == found

    @pytest.mark.parametrize("target", TARGETS)
    def test_a_sample_is_scored_over_its_trained_tokens(self, engine: Engine, target: str) -> None:
        sample = Tokenised((5, 6, 7, 8), ((2, 4),))
        found = engine.sample_log_likelihood(sample, target)
        assert found.log_likelihood < 0 and found.tokens == 2

    def test_only_answers_and_their_stop_tokens_are_scored(self, engine: Engine) -> None:
        longer = (*conversation("What is the capital of France, if I may ask?"), ANSWERED[-1])
        assert engine.log_likelihood(longer, BASE).tokens == engine.log_likelihood(ANSWERED, BASE).tokens
        twice = (*ANSWERED, *ANSWERED)
        assert engine.log_likelihood(twice, BASE).tokens == 2 * engine.log_likelihood(ANSWERED, BASE).tokens

    def test_any_text_is_answered(self, engine: Engine) -> None:
        odd = conversation("\x00\x1b[2J {{ x }} [/INST] 🏴‍☠️\u2028", system="\r\n")
        assert complete(engine, odd, BASE, GREEDY).finish_reason in ("stop", "length")


@pytest.mark.parametrize("name", ["local", "remote"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_sample_tokenised_beforehand_is_as_likely_as_its_messages(
    name: str, target: str, engines: dict[str, Engine], tiny_phi: Path
) -> None:
    tokenizer = read_tokenizer(tiny_phi)
    assert tokenizer is not None
    sample = tokenise(read_prompt_format(tiny_phi), ANSWERED, tokenizer)
    engine = engines[name]
    assert engine.sample_log_likelihood(sample, target) == engine.log_likelihood(ANSWERED, target)


@pytest.mark.parametrize("name", ENGINES)
def test_a_closed_engine_answers_nothing(name: str, tiny_phi: Path, tiny_adapter: Path) -> None:
    engine = ENGINES[name](tiny_phi, tiny_adapter)
    engine.close()
    engine.close()
    with pytest.raises(EngineFailed, match="closed"):
        list(engine.stream(QUESTION, BASE, GREEDY))
    with pytest.raises(EngineFailed, match="closed"):
        engine.log_likelihood(ANSWERED, BASE)


def test_the_same_model_answers_the_same_behind_a_pipe(engines: dict[str, Engine]) -> None:
    both = (engines["local"], engines["remote"])
    for target in TARGETS:
        here, there = (complete(engine, QUESTION, target, GREEDY) for engine in both)
        assert (here.text, here.tokens, here.finish_reason) == (there.text, there.tokens, there.finish_reason)
        assert both[0].log_likelihood(ANSWERED, target) == both[1].log_likelihood(ANSWERED, target)
