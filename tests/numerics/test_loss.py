"""The loss: fast forms against slow twins, gradients included, and its independence of how a step is cut."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_models import LAYOUTS, save_tiny_model, tiny_model
from torch import nn
from torch.nn import functional as F
from toy_run import step_losses, toy_config, toy_trainer, write_toy_dataset

from phi_core.chat.prompt_format import Tokenised
from phi_core.training import run
from phi_core.training.batches import Batch, padded, padding_free
from phi_core.training.loss import choose_loss, fast_loss, keeps_documents_apart, slow_loss

SAMPLES = [
    Tokenised(tuple(range(3, 3 + length)), ((masked, length),))
    for length, masked in ((9, 4), (17, 2), (5, 1), (30, 29))
]


@pytest.fixture(params=LAYOUTS)
def adapted(request: pytest.FixtureRequest) -> nn.Module:
    """A tiny model with a random adapter, every layer trainable through LoRA."""
    model = tiny_model(request.param)
    lora = LoraConfig(
        r=4, target_modules="all-linear", fan_in_fan_out=request.param == "gpt2", init_lora_weights=False
    )
    return get_peft_model(model, lora).eval()


def loss_and_gradients(
    model: nn.Module, batches: list[Batch], loss: Callable[[Any, Batch], torch.Tensor]
) -> list[torch.Tensor]:
    model.zero_grad()
    total = torch.stack([loss(model, batch) for batch in batches]).sum()
    total.backward()
    return [total.detach(), *(p.grad.clone() for p in model.parameters() if p.requires_grad)]


def assert_same(one: list[torch.Tensor], other: list[torch.Tensor]) -> None:
    assert len(one) == len(other) > 5
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_loss_at_labelled_positions_equals_loss_from_full_logits(adapted: nn.Module) -> None:
    batch = padded(SAMPLES, "cpu")
    assert_same(
        loss_and_gradients(adapted, [batch], fast_loss), loss_and_gradients(adapted, [batch], slow_loss)
    )


def test_documents_end_to_end_equal_documents_padded_and_one_by_one(adapted: nn.Module) -> None:
    together = loss_and_gradients(adapted, [padding_free(SAMPLES, "cpu")], slow_loss)
    assert_same(together, loss_and_gradients(adapted, [padded(SAMPLES, "cpu")], slow_loss))
    assert_same(
        together, loss_and_gradients(adapted, [padded([sample], "cpu") for sample in SAMPLES], slow_loss)
    )


def test_the_fast_forms_are_chosen_where_they_hold(adapted: nn.Module) -> None:
    assert choose_loss(adapted)[0] is fast_loss
    assert keeps_documents_apart(adapted)


def test_the_chunked_cross_entropy_equals_the_plain_one() -> None:
    model = tiny_model("phi", vocab_size=3000)
    many = [Tokenised(tuple(range(3, 203)), ((0, 200),))]
    assert len(padded(many, "cpu").labels) >= model.config.hidden_size  # the branch that chunks
    torch.testing.assert_close(fast_loss(model, padded(many, "cpu")), slow_loss(model, padded(many, "cpu")))


def test_low_precision_weights_sum_their_loss_in_float32() -> None:
    model = tiny_model("phi").to(torch.bfloat16)
    loss, _ = choose_loss(model)
    batch = padded(SAMPLES, "cpu")
    assert loss is fast_loss
    assert fast_loss(model, batch).dtype == torch.float32
    torch.testing.assert_close(fast_loss(model, batch), slow_loss(model, batch), rtol=1e-3, atol=0)


def test_a_head_with_something_behind_it_keeps_full_logits() -> None:
    changes = {
        "head_dim": 8,
        "num_key_value_heads": 2,
        "final_logit_softcapping": 1.0,
        "query_pre_attn_scalar": 8,
    }
    loss, reason = choose_loss(tiny_model("gemma2", **{**LAYOUTS["llama"], **changes}))
    assert loss is slow_loss
    assert "full logits" in reason


def test_a_model_that_mixes_documents_is_found_out() -> None:
    class IgnoresPositions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = tiny_model("llama")
            self.config = self.inner.config

        def forward(self, input_ids: torch.Tensor, position_ids: Any = None, **more: Any) -> Any:
            return self.inner(input_ids=input_ids, **more)

    assert not keeps_documents_apart(IgnoresPositions())


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("toy")
    return save_tiny_model(folder / "model"), write_toy_dataset(folder / "data.jsonl")


@pytest.mark.parametrize("padding_free_batches", [True, False])
def test_loss_does_not_depend_on_the_split_into_micro_batches(
    toy: tuple[Path, Path], tmp_path: Path, padding_free_batches: bool
) -> None:
    splits = [
        step_losses(
            toy_trainer(
                toy_config(
                    *toy,
                    batch_size=size,
                    gradient_accumulation_steps=4 // size,
                    padding_free=padding_free_batches,
                ),
                tmp_path,
            )
        )
        for size in (1, 2, 4)
    ]
    assert len(splits[0]) == 10
    for other in splits[1:]:
        assert other == pytest.approx(splits[0], rel=1e-6 if padding_free_batches else 2e-6)


def test_the_first_steps_equal_a_plain_loop(toy: tuple[Path, Path], tmp_path: Path) -> None:
    config = toy_config(*toy, schedule="cosine", warmup_ratio=0.2, weight_decay=0.1, max_grad_norm=0.5)
    assert step_losses(toy_trainer(config, tmp_path))[:6] == pytest.approx(
        plain_loop(config, tmp_path)[:6], rel=1e-5
    )


def plain_loop(config: Any, folder: Path) -> list[float]:
    """The same training written without Trainer, plan or batches: one sample after the other, full logits."""
    trainer = toy_trainer(config, folder)
    model, samples = trainer.model.train(), trainer.train_dataset
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=config.weight_decay)
    losses = []
    for indices, rate in zip(trainer.steps.steps(), trainer._courses.learning_rate, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        count = sum(sum(samples[i].trained[1:]) for i in indices)
        loss = sum(one_sample(model, samples[i]) for i in indices) / count
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, config.max_grad_norm)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def one_sample(model: nn.Module, sample: Tokenised) -> torch.Tensor:
    ids = torch.tensor([sample.ids])
    logits = model(input_ids=ids, use_cache=False).logits[0, :-1]
    labels = torch.where(torch.tensor(sample.trained[1:]), ids[0, 1:], -100)
    return F.cross_entropy(logits, labels, reduction="sum", ignore_index=-100)


def test_gradient_checkpointing_changes_no_loss(toy: tuple[Path, Path], tmp_path: Path) -> None:
    plain, checkpointed = (
        step_losses(toy_trainer(toy_config(*toy, gradient_checkpointing=on, max_steps=4), tmp_path))
        for on in (False, True)
    )
    assert checkpointed == pytest.approx(plain, rel=1e-6)


def test_a_loss_that_is_not_finite_stops_before_the_weights_move(
    toy: tuple[Path, Path], tmp_path: Path
) -> None:
    config = toy_config(*toy)
    broken = run.Choices(padding_free, lambda model, batch: slow_loss(model, batch) * torch.nan, {})
    trainer = toy_trainer(config, tmp_path, broken)
    before = [p.detach().clone() for p in trainer.model.parameters() if p.requires_grad]
    with pytest.raises(run_failure(), match="nan at step 1"):
        trainer.train()
    after = [p for p in trainer.model.parameters() if p.requires_grad]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def run_failure() -> type[Exception]:
    from phi_core.errors import TrainingFailed

    return TrainingFailed
