"""Every kind of adapter is served rightly beside a base that stays the base, on many architectures."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from adapters import save_adapter
from fresh_answers import fresh_answer, fresh_model
from safetensors.torch import load_file, save_file
from tiny_models import COMMON, TEMPLATE, save_tiny_model

from phi_core.chat.engine import BASE, Ask, Chunk, complete
from phi_core.chat.messages import Message, conversation
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError, EngineFailed
from phi_core.inference import opening, proof
from phi_core.inference.local_engine import LocalEngine
from phi_core.inference.opening import open_local_engine
from phi_core.inference.row_adapters import Slice, Voice
from phi_core.inference.row_model import RowModel
from phi_core.models.adapter import is_bare
from phi_core.models.adapter_serving import reason_of, serving_of
from phi_core.models.base import load_base
from phi_core.models.device import Device
from phi_core.models.quantization import quantization_fault
from phi_core.workers.engine import load_engine

CPU = Device("cpu", torch.float32)
LENGTH = 12
GREEDY = Sampling(temperature=0, max_new_tokens=LENGTH)
FORMAT = {"prompt_format": "auto", "prompt_template": None, "trust_remote_code": False}
QUESTIONS = ("What is the capital of France?", "Say hello", "a")
GROUPED = {**COMMON, "num_key_value_heads": 2}
LAYOUTS: dict[str, dict[str, Any]] = {
    "phi": {},
    "llama": {},
    "gpt2": {},
    "gpt_neox": {},
    "qwen2": GROUPED,
    "qwen3": {**GROUPED, "head_dim": 8},
    "gemma2": {**GROUPED, "head_dim": 16},
}
KINDS: dict[str, dict[str, Any]] = {
    "lora": {},
    "other": {"r": 2},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "pissa": {"init_lora_weights": "pissa"},
}
SERVING = {BASE: "mixed", "lora": "mixed", "other": "mixed", "rslora": "mixed"} | {
    "dora": "separate pass",
    "pissa": "own base",
}


def save_kinds(model: Path, folder: Path) -> dict[str, Path]:
    return {
        kind: save_adapter(model, folder / kind, strength=0.3, seed=seed, **options)
        for seed, (kind, options) in enumerate(KINDS.items())
    }


def engine(model: Path, adapters: Mapping[str, Path]) -> LocalEngine:
    return LocalEngine(load_base(str(model), CPU), adapters)


def text(piece: object) -> str:
    assert isinstance(piece, Chunk), piece
    return piece.text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_kind_answers_from_one_batch_as_it_does_alone(layout: str, tmp_path: Path) -> None:
    model = save_tiny_model(tmp_path / "model", layout, **LAYOUTS[layout])
    adapters = save_kinds(model, tmp_path)
    loaded = engine(model, adapters)
    targets = (BASE, *adapters)
    asks = [Ask(conversation(question), target, GREEDY) for question in QUESTIONS for target in targets]
    found = dict(loaded.stream_batch(asks, whole=True))
    for target in targets:
        alone = fresh_model(model, adapters.get(target))
        for place, ask in enumerate(asks):
            if ask.target == target:
                question = ask.messages[-1].content
                wanted = fresh_answer(alone, model, question, length=LENGTH)
                assert text(found[place]) == wanted, (target, question)
    assert len({text(found[place]) for place in range(len(targets))}) > 4
    assert loaded.info.serving == SERVING
    assert loaded.info.proof.holds and not loaded.info.proof.idle_adapters
    assert set(loaded.info.proof.apart) == {"dora", "pissa"}
    for words in ("DoRA, in passes of its own", "PiSSA, on a base of its own"):
        assert words in loaded.info.proof.sentence()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def adapters(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return save_kinds(model, tmp_path_factory.mktemp("adapters"))


@pytest.fixture(scope="module")
def loaded(model: Path, adapters: dict[str, Path]) -> LocalEngine:
    return engine(model, adapters)


def say(engine: LocalEngine, target: str, strength: float = 1.0, question: str = QUESTIONS[0]) -> str:
    return complete(engine, Ask(conversation(question), target, GREEDY, strength)).text


class TestCopies:
    def test_only_an_adapter_that_alters_its_base_has_a_copy(
        self, model: Path, adapters: dict[str, Path], loaded: LocalEngine
    ) -> None:
        base = sum(parameter.numel() for parameter in fresh_model(model).parameters())
        each = {
            kind: sum(tensor.numel() for tensor in load_file(path / "adapter_model.safetensors").values())
            for kind, path in adapters.items()
        }
        assert loaded.info.num_parameters == 2 * base + sum(each.values())
        shared = {kind: path for kind, path in adapters.items() if kind != "pissa"}
        assert engine(model, shared).info.num_parameters == base + sum(each.values()) - each["pissa"]

    def test_the_shared_weights_are_those_that_were_given(
        self, model: Path, adapters: dict[str, Path]
    ) -> None:
        base = load_base(str(model), CPU)
        given = {parameter.data_ptr() for parameter in base.model.parameters()}
        models = LocalEngine(base, {"lora": adapters["lora"], "dora": adapters["dora"]})._models
        own = {each.data_ptr() for name, each in models.shared.named_parameters() if ".lora_" not in name}
        assert own == given

    def test_a_label_loaded_anew_frees_the_old_adapter(self, model: Path, adapters: dict[str, Path]) -> None:
        live = engine(model, {"x": adapters["lora"], "y": adapters["dora"]})
        before, size = say(live, "x"), live.info.num_parameters
        assert live.add("x", adapters["rslora"]).num_parameters == size
        assert say(live, "x") == fresh_answer(
            fresh_model(model, adapters["rslora"]), model, QUESTIONS[0], length=LENGTH
        )
        assert say(live, "x") != before
        live.add("x", adapters["lora"])
        assert say(live, "x") == before

    def test_a_base_with_an_adapter_inside_is_refused(self, model: Path, adapters: dict[str, Path]) -> None:
        base = load_base(str(model), CPU)
        LocalEngine(base, {"lora": adapters["lora"]})
        with pytest.raises(AdapterError, match="has an adapter inside it already"):
            LocalEngine(base, {})


class TestWholeModules:
    """Adapters with modules that were trained whole: head and norm."""

    @pytest.fixture
    def whole(self, model: Path, tmp_path: Path) -> Path:
        folder = tmp_path / "adapter"
        save_adapter(model, folder, strength=0.3, modules_to_save=["lm_head", "final_layernorm"])
        weights = load_file(folder / "adapter_model.safetensors")
        moved = {
            name: tensor if ".lora_" in name else tensor + 0.1 * torch.randn_like(tensor)
            for name, tensor in weights.items()
        }
        save_file(moved, folder / "adapter_model.safetensors")
        return folder

    def test_they_answer_from_one_batch_as_alone(
        self, model: Path, adapters: dict[str, Path], whole: Path
    ) -> None:
        paths = {"whole": whole, "lora": adapters["lora"]}
        live = engine(model, paths)
        asks = [Ask(conversation(words), target, GREEDY) for words in QUESTIONS for target in (BASE, *paths)]
        found = dict(live.stream_batch(asks, whole=True))
        for place, ask in enumerate(asks):
            alone = fresh_model(model, paths.get(ask.target))
            assert text(found[place]) == fresh_answer(alone, model, ask.messages[-1].content, length=LENGTH)
        assert live.info.proof.holds and live.info.serving["whole"] == "mixed"
        assert say(live, "whole", 0.0) == say(live, BASE)


def test_the_space_that_a_template_writes_before_an_answer_is_not_the_answers(tmp_path: Path) -> None:
    spaced = (
        "{% for m in messages %}{{ 'Q:' if m.role == 'user' else 'A:' }} {{ m.content }}<|endoftext|>{% endfor %}"
        "{% if add_generation_prompt %}A:{% endif %}"
    )
    folder = save_tiny_model(tmp_path / "model", template=spaced)
    live = engine(folder, {})
    assert live._answering.drops_space
    plain = engine(save_tiny_model(tmp_path / "plain", template=TEMPLATE), {})
    assert not plain._answering.drops_space
    for loaded, kept in ((live, ""), (plain, " ")):
        answering = loaded._answering
        asked = answering.asked(0, Ask(conversation("?"), BASE, GREEDY))
        said = answering._text(asked, 0.0)
        pieces = [said.add(token).text for token in loaded._base.tokenizer.encode(" yes")]
        assert "".join(pieces) == f"{kept}yes"


class TestStrength:
    @pytest.mark.parametrize("target", ["lora", "rslora"])
    @pytest.mark.parametrize("strength", [0.4, 2.0])
    def test_it_multiplies_what_the_adapter_adds(
        self, loaded: LocalEngine, model: Path, adapters: dict[str, Path], target: str, strength: float
    ) -> None:
        scaled = fresh_model(model, adapters[target], strength=strength)
        assert say(loaded, target, strength) == fresh_answer(scaled, model, QUESTIONS[0], length=LENGTH)

    @pytest.mark.parametrize("target", KINDS)
    def test_at_zero_the_base_answers(self, loaded: LocalEngine, target: str) -> None:
        assert say(loaded, target, 0.0) == say(loaded, BASE)

    def test_rows_of_one_batch_have_strengths_of_their_own(self, loaded: LocalEngine) -> None:
        asks = [
            Ask(conversation(QUESTIONS[0]), target, GREEDY, strength)
            for target in ("lora", "dora")
            for strength in (0.0, 0.5, 1.0, 2.0)
        ]
        found = dict(loaded.stream_batch(asks, whole=True))
        alone = [say(loaded, ask.target, ask.strength) for ask in asks]
        assert [text(found[place]) for place in range(len(asks))] == alone
        assert len(set(alone)) > 4

    def test_it_is_as_before_after_an_answer_that_was_stopped(self, loaded: LocalEngine) -> None:
        before = {target: say(loaded, target) for target in loaded.info.targets}
        for target in ("lora", "dora"):
            stream = loaded.stream(Ask(conversation("hi"), target, GREEDY, 0.5))
            next(stream)
            stream.close()  # type: ignore[attr-defined]
        assert {target: say(loaded, target) for target in loaded.info.targets} == before

    @pytest.mark.parametrize(("target", "strength"), [("lora", 2.5), ("lora", -1.0), ("lora", float("nan"))])
    def test_others_are_refused(self, loaded: LocalEngine, target: str, strength: float) -> None:
        with pytest.raises(EngineFailed, match="not between 0 and 2"):
            say(loaded, target, strength)

    def test_an_adapter_that_altered_its_base_has_none_in_between(self, loaded: LocalEngine) -> None:
        with pytest.raises(EngineFailed, match="pissa altered its base"):
            say(loaded, "pissa", 0.5)


class TestAltered:
    """Adapters made elsewhere that began at components of the base."""

    def test_olora_is_rebuilt_too(self, model: Path, tmp_path: Path) -> None:
        path = save_adapter(model, tmp_path / "olora", strength=0.3, init_lora_weights="olora")
        live = engine(model, {"olora": path})
        assert live.info.serving["olora"] == "own base" and live.info.proof.holds
        assert say(live, "olora") == fresh_answer(
            fresh_model(model, path), model, QUESTIONS[0], length=LENGTH
        )
        assert say(live, BASE) == fresh_answer(fresh_model(model), model, QUESTIONS[0], length=LENGTH)

    @pytest.mark.parametrize(
        ("start", "reason"),
        [("pissa_niter_4", "drawn at random"), ("corda", "data that is not"), ("lora_ga", "gradients")],
    )
    def test_one_that_cannot_be_rebuilt_is_refused_with_the_reason(
        self, model: Path, adapters: dict[str, Path], tmp_path: Path, start: str, reason: str
    ) -> None:
        path = changed(adapters["lora"], tmp_path / "lost", init_lora_weights=start)
        with pytest.raises(AdapterError, match=reason):
            engine(model, {"lost": path})

    def test_one_that_peft_cannot_load_is_refused(
        self, model: Path, adapters: dict[str, Path], tmp_path: Path
    ) -> None:
        path = changed(adapters["lora"], tmp_path / "loftq", init_lora_weights="loftq")
        with pytest.raises(AdapterError, match="cannot be loaded"):
            engine(model, {"loftq": path})


@pytest.mark.parametrize(
    ("settings", "serving"),
    [
        ({}, "mixed"),
        ({"init_lora_weights": "gaussian"}, "mixed"),
        ({"init_lora_weights": False}, "mixed"),
        ({"init_lora_weights": "eva"}, "mixed"),
        ({"init_lora_weights": "OLoRA"}, "own base"),
        ({"init_lora_weights": "pissa", "use_dora": True}, "own base"),
        ({"target_parameters": ["experts.down"]}, "separate pass"),
        ({"alora_invocation_tokens": [1]}, "separate pass"),
        ({"use_dora": False, "target_parameters": None}, "mixed"),
    ],
)
def test_how_a_kind_is_served_is_read_off_its_settings(
    settings: dict[str, Any], serving: str, adapters: dict[str, Path], tmp_path: Path
) -> None:
    path = changed(adapters["lora"], tmp_path / "adapter", **settings)
    assert serving_of(path) == serving
    assert bool(reason_of(path, serving_of(path))) == (serving != "mixed")


def changed(adapter: Path, folder: Path, **settings: Any) -> Path:
    """A copy of an adapter whose adapter_config.json says something else."""
    folder.mkdir()
    known = json.loads((adapter / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(known | settings))
    save_file(load_file(adapter / "adapter_model.safetensors"), folder / "adapter_model.safetensors")
    return folder


class TestAdding:
    @pytest.mark.parametrize("beside", [(), ("lora",)])
    def test_one_that_fails_in_the_middle_leaves_all_as_it_was(
        self, model: Path, adapters: dict[str, Path], tmp_path: Path, beside: tuple[str, ...]
    ) -> None:
        live = engine(model, {kind: adapters[kind] for kind in beside})
        before = {target: say(live, target) for target in live.info.targets}
        info = live.info
        with pytest.raises(AdapterError, match="cannot be loaded"):
            live.add("broken", changed(adapters["rslora"], tmp_path / "broken", r=3))
        assert live.info == info
        assert is_bare(live._models.shared) == (not beside)
        assert sum(each.numel() for each in live._models.shared.parameters()) == info.num_parameters
        assert {target: say(live, target) for target in info.targets} == before
        assert live.add("dora", adapters["dora"]).proof.holds
        assert say(live, "dora") == fresh_answer(
            fresh_model(model, adapters["dora"]), model, QUESTIONS[0], length=LENGTH
        )

    def test_one_of_an_altering_kind_may_take_the_place_of_the_only_other(
        self, model: Path, adapters: dict[str, Path]
    ) -> None:
        live = engine(model, {"x": adapters["lora"]})
        base, mixed = say(live, BASE), say(live, "x")
        assert live.add("x", adapters["pissa"]).serving == {BASE: "mixed", "x": "own base"}
        assert (live.info.proof.holds, say(live, BASE)) == (True, base)
        live.add("x", adapters["lora"])
        assert (live.info.proof.holds, say(live, BASE), say(live, "x")) == (True, base, mixed)


class TestProof:
    def test_a_leak_into_the_base_rows_of_a_batch_is_found(
        self, model: Path, adapters: dict[str, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = RowModel.read

        def leaking(self: RowModel, ids: Any, cache: Any, slices: list[Slice], *, last: Any) -> torch.Tensor:
            voices = [part.voice for part in slices if part.voice.adapter] or [Voice(None)]
            return honest(self, ids, cache, [Slice(voices[0], 0, slices[-1].end)], last=last)

        monkeypatch.setattr(RowModel, "read", leaking)
        found = engine(model, {"lora": adapters["lora"]}).info.proof
        assert not found.holds and found.base_difference == 0
        assert "in a mixed batch" in found.sentence()

    def test_what_rounding_makes_of_a_batch_is_small_and_told(self, loaded: LocalEngine) -> None:
        found = loaded.info.proof
        assert found.mixed_difference is not None and found.mixed_difference <= 1e-5
        assert found.mixed_tolerance < min(found.adapter_differences.values()) / 100

    def test_logits_that_are_no_numbers_prove_nothing(self) -> None:
        nothing = torch.full((2, 3), torch.nan)
        assert proof.largest_difference(nothing, nothing) == torch.inf


class TestLikelihood:
    MESSAGES = (
        *conversation("What is it?"),
        Message("assistant", "one"),
        Message("user", "And?"),
        Message("assistant", "two é🏴!"),
    )

    @pytest.mark.parametrize("target", [BASE, *KINDS])
    def test_changes_are_those_of_two_plain_forward_passes(
        self, loaded: LocalEngine, model: Path, adapters: dict[str, Path], target: str
    ) -> None:
        tokenizer = loaded._base.tokenizer
        prompt = tokenizer.encode("Instruct: What is it?\nOutput: one<|endoftext|>\nInstruct: And?\nOutput:")
        ids = loaded_ids(loaded, self.MESSAGES)
        answer = [*tokenizer.encode(" two é🏴!"), 256]
        assert ids[-len(answer) :] == answer and ids[:10] == prompt[:10]
        with torch.no_grad():
            base, adapter = (
                fresh_model(model, path)(torch.tensor([ids])).logits[0, -len(answer) - 1 : -1].log_softmax(-1)
                for path in (None, adapters.get(target))
            )
        changes = loaded.token_changes(self.MESSAGES, target)
        kl = (adapter.exp() * (adapter - base)).sum(-1)
        for place, (token, change) in enumerate(zip(answer, changes, strict=True)):
            assert change.base == pytest.approx(float(base[place, token]), abs=1e-4)
            assert change.adapter == pytest.approx(float(adapter[place, token]), abs=1e-4)
            assert change.kl == pytest.approx(float(kl[place]), abs=1e-4)
        assert "".join(change.text for change in changes) == " two é🏴!<|endoftext|>"

    @pytest.mark.parametrize("target", (BASE, *KINDS))
    def test_a_reference_is_as_likely_as_a_model_of_its_own_finds_it(
        self, model: Path, adapters: dict[str, Path], loaded: LocalEngine, target: str
    ) -> None:
        messages = (*conversation("What is it?"), Message("assistant", "two"))
        found, ids = loaded.log_likelihood(messages, target), loaded_ids(loaded, messages)
        with torch.no_grad():
            logits = fresh_model(model, adapters.get(target))(torch.tensor([ids])).logits[0, :-1]
        each = logits.log_softmax(-1).gather(-1, torch.tensor(ids[1:])[:, None])[:, 0]
        assert found.log_likelihood == pytest.approx(float(each[-found.tokens :].sum()), abs=1e-3)
        assert found.tokens == len(loaded._base.tokenizer.encode(" two")) + 1

    def test_what_lies_beyond_the_context_is_left_out(self, loaded: LocalEngine) -> None:
        long = (*conversation("?"), Message("assistant", "x" * 400))
        changes = loaded.token_changes(long, "lora")
        assert 200 < len(changes) < 256
        with pytest.raises(EngineFailed, match="within the model's context"):
            loaded.token_changes((*conversation("?" * 400), Message("assistant", "x")), "lora")


def loaded_ids(engine: LocalEngine, messages: tuple[Message, ...]) -> list[int]:
    from phi_core.chat.prompt_format import tokenise

    return list(tokenise(engine._form, messages, engine._base.tokenizer).ids)


class TestPrompts:
    def test_the_oldest_turns_are_left_out_and_counted(self, loaded: LocalEngine) -> None:
        turns = [Message(role, "word " * 12) for _ in range(4) for role in ("user", "assistant")]
        messages = (Message("system", "Be brief"), *turns, Message("user", "And?"))
        answer = complete(loaded, Ask(messages, "lora", GREEDY))
        assert answer.dropped_turns == 3 and answer.prompt_tokens <= 256 - LENGTH
        kept = (messages[0], *messages[7:])
        again = complete(loaded, Ask(kept, "lora", GREEDY))
        assert (again.text, again.prompt_tokens, again.dropped_turns) == (
            answer.text,
            answer.prompt_tokens,
            0,
        )

    def test_a_prompt_that_never_fits_is_its_own_failure(self, loaded: LocalEngine) -> None:
        asks = [Ask(conversation(words), BASE, GREEDY) for words in ("a", "x" * 300, "b")]
        found = dict(loaded.stream_batch(asks, whole=True))
        assert isinstance(found[1], EngineFailed) and "fit before the answer" in str(found[1])
        assert [text(found[place]) for place in (0, 2)] == [
            complete(loaded, asks[place]).text for place in (0, 2)
        ]


@pytest.mark.parametrize("quantization", ["8bit", "4bit"])
def test_a_quantised_base_is_the_quantised_base(
    model: Path, adapters: dict[str, Path], quantization: Any
) -> None:
    if fault := quantization_fault(quantization, CPU):
        pytest.skip(fault)
    request = {"model_name": str(model), "revision": None, "device": "cpu", "dtype": "float32"}
    request |= {"prompt_format": "auto", "prompt_template": None, "trust_remote_code": False}
    kinds = {kind: str(adapters[kind]) for kind in ("lora", "dora")}
    live = open_local_engine({**request, "adapters": kinds, "quantization": quantization})
    alone = open_local_engine({**request, "adapters": {}, "quantization": quantization})
    whole = open_local_engine({**request, "adapters": {}})
    assert live.info.quantization == quantization and live.info.proof.holds
    assert live.info.proof.base_difference == 0
    for question in QUESTIONS:
        assert say(live, BASE, question=question) == say(alone, BASE, question=question)
    assert not torch.equal(alone._bare, whole._bare)
    assert say(live, "lora") != say(live, BASE)


def test_a_checkpoint_that_its_run_removes_while_the_base_loads_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_tiny_model(tmp_path / "model", "phi")
    checkpoint = save_adapter(model, tmp_path / "run" / "checkpoints" / "step-000020", strength=0.3)

    def loads_and_removes(*arguments: Any, **options: Any) -> Any:
        shutil.rmtree(checkpoint)
        return load_base(*arguments, **options)

    monkeypatch.setattr(opening, "load_base", loads_and_removes)
    request = {"model_name": str(model), "adapters": {"step-20": str(checkpoint)}, "revision": None}
    loaded = load_engine(request | {"device": "cpu", "dtype": "float32"} | FORMAT)
    assert complete(loaded, Ask(conversation("Say hello"), "step-20", GREEDY)).tokens
    assert loaded.info.proof.holds
