"""What every engine promises, tested on all: the fake, a model in this process, one behind a pipe, engines joined, endpoints.

An endpoint cannot be looked into: what engines promise of weights and likelihoods, `TestOpenEngine` asks of the others.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree

import pytest
from chat_server import chat_server
from fake_engine import FakeEngine

from phi_core.chat.engine import BASE, Ask, Chunk, Engine, complete
from phi_core.chat.joined_engine import JoinedEngine
from phi_core.chat.messages import Message, conversation
from phi_core.chat.prompt_format import FORMATS, Tokenised, read_prompt_format, tokenise
from phi_core.chat.tokenizer import read_tokenizer
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError, EngineFailed
from phi_core.jobs.openai_engine import OpenAIEngine
from phi_core.jobs.remote_engine import RemoteEngine

QUESTION = conversation("What is the capital of France?")
ANSWERED = (*QUESTION, Message("assistant", "Paris"))
GREEDY = Sampling(temperature=0, max_new_tokens=12)
WARM = Sampling(temperature=1.0, top_p=0.9, max_new_tokens=12, seed=7)
TARGETS = (BASE, "pirate")

ANSWERS = {BASE: "It is Paris, of course, as ever", "pirate": "Arr, it be Paris, ye landlubber"}

Start = Callable[[Path, Path], Engine]


def fake(model: Path, adapter: Path) -> Engine:
    return FakeEngine(ANSWERS)


def local(model: Path, adapter: Path) -> Engine:
    from phi_core.inference.local_engine import LocalEngine
    from phi_core.models.base import load_base
    from phi_core.models.device import choose_device

    return LocalEngine(load_base(str(model), choose_device("cpu")), {"pirate": adapter})


def remote(model: Path, adapter: Path) -> Engine:
    return RemoteEngine(str(model), {"pirate": adapter}, device="cpu")


def joined(model: Path, adapter: Path) -> Engine:
    return JoinedEngine([local(model, adapter)])


class Endpoints(JoinedEngine):
    """Base and adapter behind endpoints of one server, which ends with the engine."""

    def __init__(self) -> None:
        self._server = ExitStack()
        server = self._server.enter_context(chat_server({"a": ANSWERS[BASE], "b": ANSWERS["pirate"]}))
        addresses = {BASE: f"{server.url}#a", "pirate": f"{server.url}#b"}
        super().__init__([OpenAIEngine(address, label=label) for label, address in addresses.items()])

    def close(self) -> None:
        super().close()
        self._server.close()


def endpoints(model: Path, adapter: Path) -> Engine:
    return Endpoints()


OPEN: dict[str, Start] = {"fake": fake, "local": local, "remote": remote, "joined": joined}
ENGINES: dict[str, Start] = {**OPEN, "endpoints": endpoints}


@pytest.fixture(scope="module")
def engines(tiny_phi: Path, tiny_adapter: Path) -> Iterator[dict[str, Engine]]:
    started = {name: start(tiny_phi, tiny_adapter) for name, start in ENGINES.items()}
    yield started
    for engine in started.values():
        engine.close()


@pytest.fixture(params=OPEN)
def open_engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    return engines[request.param]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    return engines[request.param]


class TestEngine:
    def test_it_says_what_is_loaded_base_first(self, engine: Engine) -> None:
        info = engine.info
        assert info.targets == TARGETS == tuple(info.serving)
        assert info.model_name and info.device and info.dtype and info.prompt_format

    @pytest.mark.parametrize("target", TARGETS)
    def test_only_the_last_piece_says_how_the_answer_ended(self, engine: Engine, target: str) -> None:
        chunks = list(engine.stream(Ask(QUESTION, target, GREEDY)))
        assert [chunk.finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
        assert chunks[-1].finish_reason in ("stop", "length")

    def test_tokens_and_seconds_count_up_from_the_start_of_the_answer(self, engine: Engine) -> None:
        chunks = list(engine.stream(Ask(QUESTION, BASE, GREEDY)))
        assert [chunk.tokens for chunk in chunks] == sorted(chunk.tokens for chunk in chunks)
        assert [chunk.seconds for chunk in chunks] == sorted(chunk.seconds for chunk in chunks)
        assert 0 < chunks[-1].tokens <= GREEDY.max_new_tokens

    def test_the_longest_answer_is_not_exceeded(self, engine: Engine) -> None:
        short = complete(engine, Ask(QUESTION, BASE, GREEDY.model_copy(update={"max_new_tokens": 2})))
        assert (short.tokens, short.finish_reason) == (2, "length")

    def test_a_greedy_answer_is_the_same_each_time_whatever_the_seed(self, engine: Engine) -> None:
        answers = {
            complete(engine, Ask(QUESTION, "pirate", GREEDY.model_copy(update={"seed": seed}))).text
            for seed in (1, 1, 2)
        }
        assert len(answers) == 1

    def test_a_drawn_answer_depends_on_the_seed_alone(self, engine: Engine) -> None:
        one = complete(engine, Ask(QUESTION, BASE, WARM)).text
        complete(engine, Ask(ANSWERED[:1], "pirate", WARM))
        assert complete(engine, Ask(QUESTION, BASE, WARM)).text == one

    def test_base_and_adapter_answer_differently_in_any_order(self, engine: Engine) -> None:
        base, pirate = (complete(engine, Ask(QUESTION, target, GREEDY)).text for target in TARGETS)
        assert base != pirate
        assert [complete(engine, Ask(QUESTION, target, GREEDY)).text for target in reversed(TARGETS)] == [
            pirate,
            base,
        ]

    def test_a_whole_answer_is_its_pieces_joined(self, engine: Engine) -> None:
        pieces = [chunk.text for chunk in engine.stream(Ask(QUESTION, BASE, GREEDY))]
        assert complete(engine, Ask(QUESTION, BASE, GREEDY)).text == "".join(pieces)

    @pytest.mark.parametrize("heard", [1, 3])
    def test_closing_an_answer_early_leaves_the_engine_usable(self, engine: Engine, heard: int) -> None:
        expected = [complete(engine, Ask(QUESTION, target, GREEDY)).text for target in TARGETS]
        stream = engine.stream(Ask(QUESTION, "pirate", GREEDY))
        assert all(isinstance(next(stream), Chunk) for _ in range(heard))
        stream.close()  # type: ignore[attr-defined]
        assert [complete(engine, Ask(QUESTION, target, GREEDY)).text for target in TARGETS] == expected

    def test_an_unknown_target_is_refused_and_the_engine_lives_on(self, engine: Engine) -> None:
        with pytest.raises(EngineFailed, match="nobody"):
            list(engine.stream(Ask(QUESTION, "nobody", GREEDY)))
        assert complete(engine, Ask(QUESTION, BASE, GREEDY)).tokens

    def test_any_text_is_answered(self, engine: Engine) -> None:
        odd = conversation("\x00\x1b[2J {{ x }} [/INST] 🏴‍☠️\u2028", system="\r\n")
        assert complete(engine, Ask(odd, BASE, GREEDY)).finish_reason in ("stop", "length")

    @pytest.mark.parametrize("whole", [False, True])
    def test_a_batch_says_what_each_ask_alone_does_whatever_stands_beside_it(
        self, engine: Engine, whole: bool
    ) -> None:
        asks = [
            Ask(QUESTION, "pirate", GREEDY),
            Ask(conversation("Hi"), BASE, WARM),
            Ask(QUESTION, BASE, GREEDY.model_copy(update={"max_new_tokens": 3})),
        ]
        alone = [complete(engine, ask) for ask in asks]
        found: dict[int, list[Chunk]] = {}
        for position, piece in engine.stream_batch(asks, whole=whole):
            assert isinstance(piece, Chunk)
            found.setdefault(position, []).append(piece)
        assert not whole or {len(pieces) for pieces in found.values()} == {1}
        for position, answer in enumerate(alone):
            *before, last = found[position]
            assert "".join(piece.text for piece in found[position]) == answer.text
            assert (last.tokens, last.finish_reason) == (answer.tokens, answer.finish_reason)
            assert (last.prompt_tokens, last.dropped_turns) == (answer.prompt_tokens, answer.dropped_turns)
            assert all(piece.finish_reason is None for piece in before)

    def test_an_ask_of_a_batch_that_cannot_be_is_its_own_failure(self, engine: Engine) -> None:
        asks = [Ask(QUESTION, target, GREEDY) for target in (BASE, "nobody", "pirate")]
        found = dict(engine.stream_batch(asks, whole=True))
        assert isinstance(found[1], EngineFailed) and "nobody" in str(found[1])
        assert [found[place].text for place in (0, 2)] == [  # type: ignore[union-attr]
            complete(engine, asks[place]).text for place in (0, 2)
        ]

    def test_a_batch_may_be_empty(self, engine: Engine) -> None:
        assert list(engine.stream_batch([])) == []

    @pytest.mark.parametrize("heard", [1, 5])
    def test_closing_a_batch_early_leaves_the_engine_usable(self, engine: Engine, heard: int) -> None:
        expected = [complete(engine, Ask(QUESTION, target, GREEDY)).text for target in TARGETS]
        batch = engine.stream_batch([Ask(QUESTION, target, GREEDY) for target in TARGETS * 3])
        for _ in range(heard):
            next(batch)
        batch.close()  # type: ignore[attr-defined]
        assert [complete(engine, Ask(QUESTION, target, GREEDY)).text for target in TARGETS] == expected


class TestOpenEngine:
    """An engine whose weights are at hand."""

    def test_it_says_how_large_it_is_and_what_it_was_told(self, open_engine: Engine) -> None:
        info = open_engine.info
        assert info.num_parameters > 0 and info.context_length > 0
        assert info.prompt_format in FORMATS and info.prompt_format_hash

    def test_its_base_is_proved_and_its_adapter_changes_something(self, open_engine: Engine) -> None:
        proof = open_engine.info.proof
        assert proof.holds and not proof.idle_adapters
        assert set(proof.adapter_differences) == {"pirate"}
        assert open_engine.info.serving["pirate"] == "mixed"

    def test_nobody_finds_nothing_likely(self, open_engine: Engine) -> None:
        for ask in (open_engine.log_likelihood, open_engine.token_changes):
            with pytest.raises(EngineFailed, match="nobody"):
                ask(ANSWERED, "nobody")
        assert open_engine.log_likelihood(ANSWERED, BASE).tokens

    def test_the_changes_of_an_answer_are_told_token_by_token(self, open_engine: Engine) -> None:
        changes = open_engine.token_changes(ANSWERED, "pirate")
        assert "".join(change.text for change in changes).strip().startswith("Paris")
        assert all(change.base < 0 and change.adapter < 0 <= change.kl for change in changes)
        assert [change.base for change in changes] != [change.adapter for change in changes]
        same = open_engine.token_changes((*QUESTION, *ANSWERED), "pirate")
        assert len(same) == len(changes)

    @pytest.mark.parametrize("messages", [(), QUESTION, (*ANSWERED, *QUESTION)])
    def test_without_an_answer_at_the_end_no_changes_are_told(
        self, open_engine: Engine, messages: tuple[Message, ...]
    ) -> None:
        with pytest.raises(EngineFailed, match="answer"):
            open_engine.token_changes(messages, "pirate")

    @pytest.mark.parametrize("target", TARGETS)
    def test_an_answer_has_a_negative_log_likelihood_over_its_tokens(
        self, open_engine: Engine, target: str
    ) -> None:
        found = open_engine.log_likelihood(ANSWERED, target)
        assert found.log_likelihood < 0 < found.tokens
        assert open_engine.log_likelihood(ANSWERED, target) == found

    @pytest.mark.parametrize("target", TARGETS)
    def test_a_sample_is_scored_over_its_trained_tokens(self, open_engine: Engine, target: str) -> None:
        sample = Tokenised((5, 6, 7, 8), ((2, 4),))
        found = open_engine.sample_log_likelihood(sample, target)
        assert found.log_likelihood < 0 and found.tokens == 2

    def test_only_answers_and_their_stop_tokens_are_scored(self, open_engine: Engine) -> None:
        longer = (*conversation("What is the capital of France, if I may ask?"), ANSWERED[-1])
        assert (
            open_engine.log_likelihood(longer, BASE).tokens
            == open_engine.log_likelihood(ANSWERED, BASE).tokens
        )
        twice = (*ANSWERED, *ANSWERED)
        assert (
            open_engine.log_likelihood(twice, BASE).tokens
            == 2 * open_engine.log_likelihood(ANSWERED, BASE).tokens
        )


@pytest.mark.parametrize("name", OPEN)
def test_an_adapter_can_be_added_and_replaced_while_it_answers(
    name: str, tiny_phi: Path, tiny_adapter: Path, tmp_path: Path
) -> None:
    engine = ENGINES[name](tiny_phi, tiny_adapter)
    before = [complete(engine, Ask(QUESTION, target, GREEDY)).text for target in TARGETS]
    second = tmp_path / "second"
    copytree(tiny_adapter, second)
    info = engine.add("second", second)
    assert info == engine.info and info.targets == (*TARGETS, "second")
    assert info.proof.holds and set(info.proof.adapter_differences) == {"pirate", "second"}
    assert complete(engine, Ask(QUESTION, "second", GREEDY)).tokens
    assert engine.add("second", tiny_adapter).targets == (*TARGETS, "second")
    with pytest.raises(AdapterError, match="means the base model"):
        engine.add(BASE, tiny_adapter)
    assert [complete(engine, Ask(QUESTION, target, GREEDY)).text for target in TARGETS] == before
    engine.close()


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
        list(engine.stream(Ask(QUESTION, BASE, GREEDY)))
    with pytest.raises(EngineFailed, match="closed"):
        list(engine.stream_batch([Ask(QUESTION, BASE, GREEDY)]))
    with pytest.raises(EngineFailed, match="closed"):
        engine.log_likelihood(ANSWERED, BASE)


def test_the_same_model_answers_the_same_behind_a_pipe(engines: dict[str, Engine]) -> None:
    both = (engines["local"], engines["remote"])
    for target in TARGETS:
        here, there = (complete(engine, Ask(QUESTION, target, GREEDY)) for engine in both)
        assert (here.text, here.tokens, here.finish_reason) == (there.text, there.tokens, there.finish_reason)
        assert both[0].log_likelihood(ANSWERED, target) == both[1].log_likelihood(ANSWERED, target)
