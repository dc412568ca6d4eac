"""The file for `accelerate launch`, read by accelerate itself and turned into the plugins that it stands for."""

import os
from pathlib import Path
from typing import Any

import pytest

from phi_core.config.problems import checked
from phi_core.jobs.accelerate_file import write_accelerate_file
from phi_core.jobs.processes import Machines, process_command
from phi_core.runs.layout import RunLayout

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def written(folder: Path, **changes: Any) -> Path:
    layout = RunLayout(folder)
    write_accelerate_file(layout, checked({"dataset_path": "x", "num_processes": 4, **changes}))
    return layout.accelerate_config


def launched(path: Path, monkeypatch: pytest.MonkeyPatch, **more: str) -> dict[str, str]:
    """The environment that accelerate's own launcher makes of the file for its workers."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env

    words = [word for name, value in more.items() for word in (f"--{name}", value)]
    parsed = launch_command_parser().parse_args(["--config_file", str(path), *words, "-m", "worker", "RUN"])
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    arguments, defaults, _ = _validate_launch_command(parsed)
    assert (arguments.num_processes, arguments.module) == (4, True)
    if arguments.use_deepspeed:  # as accelerate's launch_command does
        arguments.deepspeed_fields_from_accelerate_config = ",".join(defaults.deepspeed_config)
        return dict(prepare_deepspeed_cmd_env(arguments)[1])
    return dict(prepare_multi_gpu_env(arguments))


@pytest.mark.parametrize(
    ("sharding", "kind"),
    [("none", "MULTI_GPU"), ("fsdp", "FSDP"), ("zero2", "DEEPSPEED"), ("zero3", "DEEPSPEED")],
)
def test_accelerate_reads_every_file(tmp_path: Path, sharding: str, kind: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    found = load_config_from_file(str(written(tmp_path, sharding=sharding, num_machines=2, launcher="slurm")))
    assert found.distributed_type.value == kind
    assert (found.num_processes, found.num_machines, found.mixed_precision) == (4, 2, "no")


def test_distributed_data_parallel_needs_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = launched(written(tmp_path), monkeypatch)
    assert not {name for name in environment if "USE_FSDP" in name or "USE_DEEPSPEED" in name}


def test_fsdp_is_its_second_version_with_whole_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accelerate import FullyShardedDataParallelPlugin

    environment = launched(written(tmp_path, sharding="fsdp"), monkeypatch)
    assert environment["ACCELERATE_USE_FSDP"] == "true"
    for name, value in environment.items():
        if "FSDP" in name:
            monkeypatch.setenv(name, value)
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2 and plugin.reshard_after_forward is True
    assert plugin.state_dict_type.name == "FULL_STATE_DICT"
    assert plugin.activation_checkpointing is False and type(plugin.cpu_offload).__name__ == "OffloadPolicy"


@pytest.mark.parametrize("stage", [2, 3])
def test_deepspeed_gets_its_stage_and_our_clipping(
    tmp_path: Path, stage: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the variables that accelerate's launcher hands to its workers, whose plugin reads them."""
    from accelerate import DeepSpeedPlugin

    environment = launched(written(tmp_path, sharding=f"zero{stage}", max_grad_norm=0.5), monkeypatch)
    assert environment["ACCELERATE_USE_DEEPSPEED"] == "true"
    for name, value in environment.items():
        if name.startswith("ACCELERATE_"):
            monkeypatch.setenv(name, value)
    plugin = DeepSpeedPlugin()
    settings = plugin.deepspeed_config
    assert settings["zero_optimization"]["stage"] == plugin.zero_stage == stage
    assert float(settings["gradient_clipping"]) == 0.5
    assert int(settings["gradient_accumulation_steps"]) == 1  # the trainer accumulates by itself
    assert settings["zero_optimization"]["offload_optimizer"]["device"] == "none"
    assert plugin.zero3_save_16bit_model is (stage == 3) and plugin.zero3_init_flag is False


def test_the_command_names_the_file_and_on_several_machines_their_meeting_place(tmp_path: Path) -> None:
    layout = RunLayout(tmp_path)
    config = checked({"dataset_path": "x", "num_processes": 4, "num_machines": 2, "launcher": "slurm"})
    alone = process_command(config, layout, machines=Machines(), on_cpu=False, resume=False)
    assert alone[3:] == [
        *("accelerate.commands.launch", "--config_file", str(layout.accelerate_config)),
        *("-m", "phi_core.workers.train", str(tmp_path)),
    ]
    second = Machines(rank=1, count=2, address="node1", port=29123)
    both = process_command(config, layout, machines=second, on_cpu=False, resume=True)
    assert {"--machine_rank", "1", "--main_process_ip", "node1", "--main_process_port", "29123"} <= set(both)
    assert both[-1] == "--resume"
    own = checked({"dataset_path": "x", "accelerate_config": "/my/own.yaml"})
    assert "/my/own.yaml" in process_command(own, layout, machines=Machines(), on_cpu=True, resume=False)


def test_the_cpu_goes_around_accelerate_which_would_start_one_process(tmp_path: Path) -> None:
    config = checked({"dataset_path": "x", "num_processes": 2, "device": "cpu"})
    command = process_command(config, RunLayout(tmp_path), machines=Machines(), on_cpu=True, resume=False)
    assert command[3:6] == ["torch.distributed.run", "--standalone", "--nproc-per-node"] and command[6] == "2"


def test_accelerate_s_own_cpu_launch_starts_one_process(tmp_path: Path) -> None:
    """The reason for that: if a new accelerate starts two, the way around can go."""
    import subprocess
    import sys

    script = tmp_path / "count.py"
    script.write_text("import os; print('world', os.environ.get('WORLD_SIZE', '1'))")
    words = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", str(script)]
    environment = {**os.environ, "ACCELERATE_USE_MPI": ""}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.stdout.split() == ["world", "1"], done.stderr
