"""FSDP2 in two processes on the CPU: weights really lie in shares, and losses, validation and resume are those of one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sharded_share
from safetensors.torch import load_file
from tiny_models import save_tiny_model
from toy_run import step_losses, toy_config, toy_trainer, write_toy_dataset


def test_two_processes_with_a_share_each_train_as_one_does(tmp_path: Path) -> None:
    model, dataset = save_tiny_model(tmp_path / "model"), write_toy_dataset(tmp_path / "data.jsonl")
    folder = tmp_path / "shares"
    folder.mkdir()
    support = Path(sharded_share.__file__)
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"),
        *(str(support), str(model), str(dataset), str(folder)),
    ]
    paths = os.pathsep.join([str(support.parent), str(support.parents[2])])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    each = [json.loads((folder / f"found-{rank}.json").read_text()) for rank in range(2)]
    alone = toy_trainer(toy_config(model, dataset, **sharded_share.CHANGES), tmp_path / "alone")
    losses = step_losses(alone)
    for found in each:
        assert found["sharded"] == found["parameters"] > 0
        assert found["held"] == pytest.approx(found["elements"] / 2, rel=0.01)
        assert found["losses"] == pytest.approx(losses, rel=1e-5)
        assert found["validation"] == pytest.approx(alone.evaluate()["eval_loss"], rel=1e-5)
        assert found["resumed"] == found["whole"][2:]
    alone.save_model(str(tmp_path / "adapter"))
    ours, theirs = (load_file(path / "adapter" / "adapter_model.safetensors") for path in (folder, tmp_path))
    assert {name: t.shape for name, t in ours.items()} == {name: t.shape for name, t in theirs.items()}
    assert all((ours[name] - theirs[name]).abs().max() < 1e-3 for name in theirs)
