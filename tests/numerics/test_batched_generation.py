"""Answers from a batch are those of one model and one question at a time, token for token, float32."""

import random
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from transformers import RepetitionPenaltyLogitsProcessor

from phi_core.config.sampling import Sampling
from phi_core.config.words import Quantization
from phi_core.errors import EngineFailed
from phi_core.inference.batched_generation import Row, answers, first_logits
from phi_core.inference.drawing import Draws
from phi_core.inference.generation import token_ids
from phi_core.inference.row_limit import rows_at_once
from phi_core.models.base import load_base
from phi_core.models.device import Device
from phi_core.models.quantization import quantization_fault
from tests.support.tiny_models import COMMON, save_tiny_model, tiny_model

STOPS = frozenset({256, *range(20)})
GROUPED = {**COMMON, "num_key_value_heads": 2}
LAYOUTS: dict[str, dict[str, Any]] = {
    "phi": {},
    "llama": {},
    "phi3": {},
    "gpt2": {},
    "gpt_neox": {},
    "qwen2": GROUPED,
    "qwen3": {**GROUPED, "head_dim": 8},
    "gemma": {**GROUPED, "head_dim": 8},
    "mistral": {**GROUPED, "head_dim": 8, "sliding_window": 7},
    "gemma2": {**GROUPED, "head_dim": 8, "sliding_window": 7},
    "gemma3_text": {**GROUPED, "head_dim": 8, "sliding_window": 7},
}
PHI_LAYERS = ["q_proj", "v_proj", "dense", "fc1", "fc2"]
KINDS: dict[str, dict[str, Any]] = {
    "rank-stabilised": {"use_rslora": True},
    "rank patterns": {"rank_pattern": {"fc1": 2}, "alpha_pattern": {"q_proj": 3}},
    "weight-decomposed": {"use_dora": True},
    "whole modules": {"modules_to_save": ["lm_head", "final_layernorm"]},
    "with a bias": {"lora_bias": True},
    "tokens": {"trainable_token_indices": [60, 61, 62, 63, 64]},
    "embedding and head": {"target_modules": ["embed_tokens", "lm_head", "q_proj"]},
}


def lora(seed_model: Any, name: str, **changes: Any) -> Any:
    """The model with one more adapter whose effect is strong."""
    settings = LoraConfig(
        **{
            "r": 4,
            "lora_alpha": 16,
            "target_modules": "all-linear",
            "fan_in_fan_out": seed_model.config.model_type == "gpt2",
            "task_type": "CAUSAL_LM",
            **changes,
        }
    )
    if isinstance(seed_model, PeftModel):
        seed_model.add_adapter(name, settings)
        model: Any = seed_model
    else:
        model = get_peft_model(seed_model, settings, adapter_name=name)
    torch.manual_seed(len(name))
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if name in path.split(".") and "lora_A" not in path:
                parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return model.eval()


def rows(*voices: str | None, num: int = 6, head: int = 12, **settings: Any) -> list[Row]:
    """Questions of different lengths after a common head, each to every voice."""
    draw = random.Random(7)
    begin = [draw.randrange(20, 250) for _ in range(head)]
    found = []
    for number in range(num):
        prompt = (*begin, *(draw.randrange(20, 250) for _ in range(draw.randrange(1, 25))))
        sampling = Sampling(max_new_tokens=draw.choice((1, 9, 14, 23)), seed=number, **settings)
        found += [Row(prompt, voice, sampling) for voice in voices]
    return found


def slow(model: Any, row: Row) -> list[int]:
    """What one model says to one question, by PEFT's own switches."""
    if row.adapter is None:
        switched = model.disable_adapter() if isinstance(model, PeftModel) else nullcontext()
    else:
        model.set_adapter(row.adapter)
        switched = nullcontext()
    with switched:
        return list(token_ids(model, row.prompt, row.sampling, stop_ids=STOPS, device="cpu"))


def fast(model: Any, asked: list[Row], **settings: Any) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in asked]
    for position, token_id in answers(model, asked, stop_ids=STOPS, device="cpu", **settings):
        found[position].append(token_id)
    return found


def assert_equal_to_slow(model: Any, asked: list[Row], **settings: Any) -> None:
    assert fast(model, asked, **settings) == [slow(model, row) for row in asked]


@pytest.fixture(scope="module")
def phi() -> Any:
    """Two adapters, "first" and "second"."""
    return lora(lora(tiny_model("phi"), "first"), "second", r=2, target_modules=PHI_LAYERS)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_batch_of_base_and_adapter_equals_one_by_one(layout: str) -> None:
    model = lora(tiny_model(layout, **LAYOUTS[layout]), "first")
    asked = rows(None, "first")
    said = fast(model, asked, max_rows=5)
    assert said == [slow(model, row) for row in asked]
    assert said[0::2] != said[1::2]


def test_the_layouts_meet_stops_and_lengths(phi: Any) -> None:
    said = fast(phi, rows(None, "first"))
    assert any(ids[-1] in STOPS for ids in said) and any(ids[-1] not in STOPS for ids in said)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_adapter_may_share_a_batch(kind: str) -> None:
    model = lora(tiny_model("phi"), "first", **{"target_modules": PHI_LAYERS, **KINDS[kind]})
    assert_equal_to_slow(model, rows(None, "first"))


def test_two_adapters_and_the_base_in_one_batch(phi: Any) -> None:
    assert_equal_to_slow(phi, rows("second", None, "first"))


def test_an_adapter_that_cannot_be_mixed_has_a_pass_of_its_own(phi: Any) -> None:
    batches: list[int] = []
    watch = phi.get_base_model().register_forward_pre_hook(
        lambda _, args, inputs: batches.append(len(inputs["input_ids"])), with_kwargs=True
    )
    asked = rows(None, "first", "second", num=4)
    said = fast(phi, asked, unmixable=frozenset({"first"}), share_prefix=False)
    watch.remove()
    assert max(batches) == 8
    assert said == [slow(phi, row) for row in asked]


def test_the_base_alone_needs_no_adapters() -> None:
    assert_equal_to_slow(tiny_model("llama"), rows(None))


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_few_places_give_the_same_answers(phi: Any, limit: int) -> None:
    asked = rows(None, "first", "second")
    assert fast(phi, asked, max_rows=limit) == fast(phi, asked)


def test_a_shared_beginning_changes_nothing_and_is_read_once(phi: Any) -> None:
    read: list[int] = []
    watch = phi.get_base_model().register_forward_pre_hook(
        lambda _, args, inputs: read.append(inputs["input_ids"].numel()), with_kwargs=True
    )
    asked = rows(None, "first", num=8, head=90)
    shared, num_shared = fast(phi, asked), sum(read)
    read.clear()
    apart, num_apart = fast(phi, asked, share_prefix=False), sum(read)
    watch.remove()
    assert shared == apart
    assert num_shared < num_apart / 2


def test_prompts_that_share_all_or_nothing(phi: Any) -> None:
    same = [Row((30, 31, 32), voice, Sampling(max_new_tokens=8)) for voice in (None, "first", None)]
    other = [Row((40 + number,), "first", Sampling(max_new_tokens=8)) for number in range(3)]
    assert_equal_to_slow(phi, same)
    assert_equal_to_slow(phi, other)


def test_long_answers_outgrow_the_buffers(phi: Any) -> None:
    asked = [
        Row(row.prompt, row.adapter, Sampling(max_new_tokens=40 + 30 * (number % 4)))
        for number, row in enumerate(rows(None, "first", num=3))
    ]
    said: list[list[int]] = [[] for _ in asked]
    for position, token_id in answers(phi, asked, stop_ids=frozenset(), device="cpu", max_rows=4):
        said[position].append(token_id)
    for row, ids in zip(asked, said, strict=True):
        assert len(ids) == row.sampling.max_new_tokens
        with phi.disable_adapter() if row.adapter is None else nullcontext():
            assert ids == list(token_ids(phi, row.prompt, row.sampling, stop_ids=frozenset(), device="cpu"))


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 1.0},
        {"temperature": 1.3, "top_k": 12},
        {"temperature": 0.8, "top_p": 0.7},
        {"repetition_penalty": 1.4},
        {"temperature": 1.0, "repetition_penalty": 0.8},
    ],
    ids=str,
)
def test_draws_do_not_depend_on_the_batch(phi: Any, settings: Any) -> None:
    asked = rows(None, "first", **settings)
    together = fast(phi, asked)
    assert together == [slow(phi, row) for row in asked]
    assert together != [slow(phi, row) for row in rows(None, "first")]
    assert fast(phi, list(reversed(asked)), max_rows=3) == together[::-1]


def test_another_seed_says_something_else(phi: Any) -> None:
    asked = rows("first", temperature=1.0)
    other = [Row(row.prompt, row.adapter, row.sampling.model_copy(update={"seed": 99})) for row in asked]
    assert fast(phi, asked) != fast(phi, other)


def strengthened(strength: float, adapter: str = "first") -> list[Row]:
    return [Row(row.prompt, adapter, row.sampling, strength) for row in rows(adapter)]


def test_strengths_0_and_1_are_base_and_adapter(phi: Any) -> None:
    mixed = strengthened(0) + strengthened(1) + strengthened(0.5)
    said = fast(phi, mixed)
    base, adapter, half = said[:6], said[6:12], said[12:]
    assert base == [slow(phi, row) for row in rows(None)]
    assert adapter == [slow(phi, row) for row in rows("first")]
    assert half not in (base, adapter)


@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_a_strength_is_the_adapter_merged_at_that_scale(strength: float) -> None:
    said = fast(lora(tiny_model("phi"), "first"), strengthened(strength) + rows(None))
    merged: Any = lora(tiny_model("phi"), "first")
    for module in merged.modules():
        if isinstance(module, LoraLayer):
            module.scaling["first"] *= strength
    assert said == fast(merged.merge_and_unload(), rows(None) + rows(None))[:6] + [
        slow(tiny_model("phi"), row) for row in rows(None)
    ]


@pytest.mark.parametrize("kind", ["weight-decomposed", "whole modules"])
def test_a_strength_goes_along_the_way_from_base_to_adapter(kind: str) -> None:
    """W + strength · (W_adapted - W), also where the adapter is no sum."""
    changes = {"target_modules": PHI_LAYERS, **KINDS[kind]}
    said = fast(lora(tiny_model("phi"), "first", **changes), strengthened(2.0))
    target = lora(tiny_model("phi"), "first", **changes).merge_and_unload()
    doubled = tiny_model("phi")
    with torch.no_grad():
        for parameter, adapted in zip(doubled.parameters(), target.parameters(), strict=True):
            parameter.add_(adapted - parameter, alpha=2.0)
    assert said == [slow(doubled, row) for row in rows(None)]


def state_of(model: Any) -> list[Any]:
    return [
        (
            path,
            module.__dict__.get("forward"),
            dict(module.scaling) if isinstance(module, LoraLayer) else None,
            len(module._forward_pre_hooks),
            getattr(module, "_disable_adapters", None),
            str(getattr(module, "_active_adapter", None)),
        )
        for path, module in model.named_modules()
    ]


def test_between_two_tokens_the_model_is_as_it_was(phi: Any) -> None:
    phi.set_adapter("second")
    before = state_of(phi)
    said = answers(phi, strengthened(2.0) + rows(None), stop_ids=STOPS, device="cpu")
    next(said)
    assert state_of(phi) == before
    said.close()
    assert state_of(phi) == before


def test_a_failing_model_is_left_as_it_was(phi: Any) -> None:
    before = state_of(phi)

    def fail(*_: object) -> None:
        raise RuntimeError("no such luck")

    broken = phi.get_base_model().model.final_layernorm.register_forward_hook(fail)
    with pytest.raises(RuntimeError, match="no such luck"):
        fast(phi, strengthened(2.0))
    broken.remove()
    assert state_of(phi) == before


def test_closing_stops_the_model(phi: Any) -> None:
    calls: list[int] = []
    watch = phi.get_base_model().register_forward_pre_hook(lambda *_: calls.append(1))
    said = answers(phi, rows(None, "first"), stop_ids=STOPS, device="cpu", share_prefix=False)
    next(said)
    said.close()
    watch.remove()
    assert len(calls) == 1


def test_a_row_that_ends_makes_room_for_a_waiting_one(phi: Any) -> None:
    short = Row((50, 51, 52, 53), None, Sampling(max_new_tokens=2))
    long = Row((60, 61, 62, 63, 64), "first", Sampling(max_new_tokens=30))
    waiting = Row((70, 71), None, Sampling(max_new_tokens=3))
    order = [
        position
        for position, _ in answers(
            phi, [waiting, short, long], stop_ids=frozenset(), device="cpu", max_rows=2
        )
    ]
    assert order.index(0) > order.index(1)
    assert order.index(0) < len(order) - 1 - order[::-1].index(2)


class Narrow:
    """A device whose memory holds so many rows."""

    def __init__(self, most: int) -> None:
        self.most, self.refused = most, 0

    def __call__(self, _: Any, args: Any, inputs: Any) -> None:
        if len(inputs["input_ids"]) > self.most:
            self.refused += 1
            raise torch.OutOfMemoryError("out of memory")


@pytest.fixture
def narrow(phi: Any) -> Iterator[Narrow]:
    device = Narrow(3)
    hook = phi.get_base_model().register_forward_pre_hook(device, with_kwargs=True)
    yield device
    hook.remove()


@pytest.mark.parametrize("settings", [{}, {"temperature": 1.0, "repetition_penalty": 1.2}], ids=str)
def test_memory_that_runs_out_changes_no_answer(phi: Any, narrow: Narrow, settings: Any) -> None:
    asked = rows(None, "first", **settings)
    said = fast(phi, asked)
    assert narrow.refused > 0
    assert said == [slow(phi, row) for row in asked]


def test_memory_that_runs_out_in_the_middle_changes_no_answer(phi: Any, narrow: Narrow) -> None:
    narrow.most = 12
    asked = rows(None, "first")
    said: list[list[int]] = [[] for _ in asked]
    for number, (position, token_id) in enumerate(answers(phi, asked, stop_ids=STOPS, device="cpu")):
        said[position].append(token_id)
        narrow.most = 12 if number < 40 else 2
    assert narrow.refused > 0
    assert said == [slow(phi, row) for row in asked]


def test_one_answer_that_does_not_fit_is_an_error(phi: Any, narrow: Narrow) -> None:
    narrow.most = 0
    with pytest.raises(EngineFailed, match="does not fit into memory"):
        fast(phi, rows("first"), share_prefix=False)


def test_positions_that_depend_on_the_longest_row() -> None:
    """Beyond its first 24 tokens this model turns positions by other angles."""
    angles = {"short_factor": [1.0] * 4, "long_factor": [2.0, 3.0, 4.0, 5.0], "rope_theta": 1e4}
    stretched = {"rope_type": "longrope", "original_max_position_embeddings": 24, **angles}
    model = lora(tiny_model("phi3", rope_parameters=stretched), "first")
    assert_equal_to_slow(model, rows(None, "first"))


def test_models_with_another_kind_of_memory_answer_one_by_one() -> None:
    model = tiny_model("mamba", hidden_size=32, num_hidden_layers=2, state_size=4)
    row = Row((60, 61, 62), None, Sampling(max_new_tokens=4))
    assert [len(ids) for ids in fast(model, [row, row])] == [4, 4]


def test_experts_answer_one_voice_at_a_time() -> None:
    sizes = {**GROUPED, "head_dim": 8, "num_local_experts": 4, "num_experts_per_tok": 2}
    model = lora(tiny_model("mixtral", **sizes), "first", target_modules=["q_proj", "v_proj"])
    assert_equal_to_slow(model, rows(None, "first"))


def test_the_logits_of_first_tokens_are_those_of_one_by_one(phi: Any) -> None:
    asked = rows(None, "first")
    found = first_logits(phi, asked, device="cpu")
    for row, logits in zip(asked, found, strict=True):
        with phi.disable_adapter() if row.adapter is None else nullcontext():
            phi.set_adapter("first") if row.adapter else None
            torch.testing.assert_close(logits, phi(torch.tensor([row.prompt])).logits[0, -1].detach())


@pytest.mark.parametrize("kind", ["4bit", "8bit"])
def test_a_quantised_base(kind: Quantization, tmp_path: Path) -> None:
    device = Device("cpu", torch.float32)
    if fault := quantization_fault(kind, device):
        pytest.skip(fault)
    folder = save_tiny_model(tmp_path / "model", hidden_size=64, intermediate_size=128)
    base = load_base(str(folder), device, quantization=kind)
    model = lora(base.model, "first", target_modules=PHI_LAYERS)
    assert_equal_to_slow(model, rows(None, "first", num=4))


def test_half_precision_weights_under_a_float32_adapter() -> None:
    model = lora(tiny_model("phi").to(torch.bfloat16), "first", target_modules=PHI_LAYERS)
    asked = rows(None, "first")
    for row, logits in zip(asked, first_logits(model, asked, device="cpu"), strict=True):
        with model.disable_adapter() if row.adapter is None else nullcontext():
            one = model(torch.tensor([row.prompt])).logits[0, -1].detach().float()
        torch.testing.assert_close(logits, one, atol=0.05 * float(one.abs().max()), rtol=0)


def test_rows_at_once_follow_free_memory_and_length(phi: Any) -> None:
    network = phi.get_base_model()
    of_one = 2 * 2 * 32 * 4 * 100 + 3 * 4 * 258  # keys and values of 2 layers, hidden 32, float32; logits

    def num(free: int, length: int = 100, asked: int = 40) -> int:
        return rows_at_once(network, device="cpu", lengths=[length] * asked, free=free)

    assert [num(0), num(2 * of_one), num(10 * of_one), num(10**12), num(10**12, asked=3)] == [1, 1, 5, 40, 3]
    assert num(20 * of_one, length=50) > num(20 * of_one)


def test_a_penalty_divides_scores_above_zero_and_multiplies_those_below() -> None:
    """As transformers has it, over prompt and answer."""
    logits = torch.tensor([2.0, -1.0, 1.5, 0.5])
    draws = Draws(Sampling(repetition_penalty=2.0), [0, 1])
    assert [draws.choose(logits), draws.choose(logits), draws.choose(logits)] == [2, 0, 0]
    theirs = RepetitionPenaltyLogitsProcessor(2.0)(torch.tensor([[0, 1, 2]]), logits[None])
    assert int(theirs.argmax()) == 0


def test_draws_follow_the_probabilities() -> None:
    logits = torch.log(torch.tensor([0.1, 0.0, 0.6, 0.3]))
    draws = Draws(Sampling(temperature=1.0, seed=3), [])
    drawn = torch.tensor([draws.choose(logits) for _ in range(4000)])
    shares = torch.bincount(drawn, minlength=4) / 4000
    torch.testing.assert_close(shares, logits.exp(), atol=0.03, rtol=0)
    assert shares[1] == 0
