"""What must hold on a CUDA device as on the CPU, in its own precision. Skipped without one."""

import math
from pathlib import Path

import pytest
import torch
from adapters import save_adapter
from tiny_models import save_tiny_model
from toy_run import step_losses, toy_config, toy_trainer, write_toy_dataset

from phi_core.chat.engine import BASE, Ask, complete
from phi_core.chat.messages import conversation
from phi_core.config.sampling import Sampling
from phi_core.inference.local_engine import LocalEngine
from phi_core.models.base import load_base
from phi_core.models.device import choose_device

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


def test_the_base_is_proved_in_the_device_s_own_precision(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "model")
    adapter = save_adapter(folder, tmp_path / "adapter", strength=0.5)
    engine = LocalEngine(load_base(str(folder), choose_device("cuda")), {"strong": adapter})
    sampling = Sampling(max_new_tokens=16)
    alone = LocalEngine(load_base(str(folder), choose_device("cuda")), {})
    assert engine.info.proof.holds
    assert (
        complete(engine, Ask(conversation("hi"), BASE, sampling)).text
        == complete(alone, Ask(conversation("hi"), BASE, sampling)).text
    )


@pytest.mark.parametrize("dtype", ["float32", "auto"])
def test_padding_free_and_padded_losses_agree(tmp_path: Path, dtype: str) -> None:
    model, dataset = save_tiny_model(tmp_path / "model"), write_toy_dataset(tmp_path / "data.jsonl")
    free, padded = (
        step_losses(
            toy_trainer(
                toy_config(model, dataset, device="cuda", dtype=dtype, padding_free=on), tmp_path / str(on)
            )
        )
        for on in (True, False)
    )
    assert all(math.isfinite(loss) for loss in free)
    assert free[0] == pytest.approx(padded[0], rel=1e-4 if dtype == "float32" else 2e-2)
    assert free[-1] < free[0]
