"""A run watches itself: spikes, patience, losses that are no numbers, answers over time, and word of its end."""

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import phi
from odd_texts import FORBIDDEN, TERMINAL_SEQUENCES
from run_factory import add_event, make_run
from tiny_models import save_tiny_model
from toy_run import toy_config, write_spiky_dataset, write_toy_dataset
from worker_runs import SECONDS, assert_equal_runs, at_step, created, ended, started

from phi_core.chat.engine import BASE, Ask
from phi_core.chat.messages import Message
from phi_core.cli.watching import follow
from phi_core.config.sampling import Sampling
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError
from phi_core.files import read_json, write_json
from phi_core.inference.local_engine import LocalEngine
from phi_core.jobs.training_job import ask, kill, resume_run, wait_until_ended
from phi_core.models.base import load_base
from phi_core.models.device import choose_device
from phi_core.runs.reader import Run, read_run
from phi_core.training.checkpoint import newest_sound, read_manifest

Config = Callable[..., TrainingConfig]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Four epochs of eight steps."""
    folder = tmp_path_factory.mktemp("toy")
    model, dataset = save_tiny_model(folder / "model"), write_toy_dataset(folder / "data.jsonl", count=34)
    values = {
        "epochs": 4,
        "lora_dropout": 0.2,
        "schedule": "constant",
        "checkpoint_every": 3,
        "evaluate_every": 4,
    }
    return lambda **changes: toy_config(model, dataset, **{**values, **changes})


@pytest.fixture(scope="module")
def spiky(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """One epoch of twenty steps: the loss leaps at step 16, the validation loss is lowest at step 2 for a long time."""
    folder = tmp_path_factory.mktemp("spiky")
    model, (dataset, other) = save_tiny_model(folder / "model"), write_spiky_dataset(folder)
    values = {
        "validation_path": str(other),
        "record_order": "as_given",
        "schedule": "constant",
        "learning_rate": 0.02,
        "epochs": 1,
        "evaluate_every": 2,
        "checkpoint_every": 3,
    }
    return lambda **changes: toy_config(model, dataset, **{**values, **changes})


def warned(run: Run) -> list[str]:
    return [str(event.data["message"]) for event in run.of_kind("warning")]


def set_rate(value: float) -> Callable[[Run], None]:
    return lambda run: ask(run, "set_learning_rate", value=value)


def test_patience_ends_a_run_and_its_best_adapter_is_the_result(spiky: Config, tmp_path: Path) -> None:
    run = ended(spiky(early_stopping_patience=2, checkpoints_kept=1), tmp_path)
    losses = dict(run.series("evaluation", "validation_loss"))
    finished = run.last("finished")
    assert run.state == "finished" and run.step == 6 and run.total_steps == 20
    assert finished is not None and finished.data["reason"] == (
        f"early stopping at step 6: no improvement in 2 validations, the best was {losses[2]:.4g} at step 2"
    )
    assert finished.data["adapter_step"] == 2 == min(losses, key=lambda step: losses[step])
    assert run.layout.checkpoint_steps() == [2, 6], "the newest, and the best besides"
    kept = run.layout.checkpoint(2) / "adapter_model.safetensors"
    assert kept.read_bytes() == (run.layout.final_adapter / kept.name).read_bytes()


def test_an_improvement_below_the_minimum_is_none(spiky: Config, tmp_path: Path) -> None:
    run = ended(spiky(early_stopping_patience=7, early_stopping_min_delta=1.0), tmp_path)
    assert run.step == 16, "the lower loss of step 16 is not lower by 1"


def test_patience_is_counted_over_stops_and_kills(spiky: Config, tmp_path: Path) -> None:
    stopping = spiky(early_stopping_patience=6, early_stopping_min_delta=0.5)
    whole = ended(stopping, tmp_path / "whole")
    assert whole.step == 14
    path = started(stopping, tmp_path / "parts")
    resume_run(at_step(path, 3, lambda run: ask(run, "stop")))
    resume_run(at_step(path, 8, kill))
    resumed = wait_until_ended(path, seconds=SECONDS)
    assert_equal_runs(resumed, whole)
    assert resumed.last("finished").data == whole.last("finished").data  # type: ignore[union-attr]


def test_a_run_that_was_killed_when_its_patience_had_ended_does_not_go_on(
    spiky: Config, tmp_path: Path
) -> None:
    run = ended(spiky(early_stopping_patience=2), tmp_path)
    lines = run.layout.events.read_text().splitlines(keepends=True)
    run.layout.events.write_text("".join(line for line in lines if '"finished"' not in line))
    status = read_json(run.layout.status)
    write_json(run.layout.status, {**status, "state": "running"})
    wait_for(lambda: read_run(run.path).state == "lost")
    resume_run(read_run(run.path))
    resumed = wait_until_ended(run.path, seconds=SECONDS)
    assert resumed.state == "finished" and resumed.step == 6
    assert resumed.last("finished").data["adapter_step"] == 2  # type: ignore[union-attr]


def test_patience_without_validation_is_refused() -> None:
    with pytest.raises(ConfigError, match="early_stopping_patience: there is no validation to judge by"):
        toy_config(Path("m"), Path("d"), early_stopping_patience=2, validation_fraction=0)


@pytest.mark.parametrize(("does", "state"), [("warn", "finished"), ("pause", "paused"), ("stop", "stopped")])
def test_a_loss_spike_does_what_was_asked(spiky: Config, tmp_path: Path, does: str, state: str) -> None:
    run = ended(spiky(on_loss_spike=does), tmp_path)
    (event,) = run.of_kind("warning")
    loss = dict(run.series("step", "loss"))[16]
    said = str(event.data["message"])
    assert said.startswith(f"loss spike: {loss:.4g}, where the 15 steps before have a median of ")
    assert (run.state, event.step) == (state, 16)
    if does == "warn":
        assert run.step == 20
        return
    assert run.step == 16 and run.layout.checkpoint_steps()[-1] == 16
    assert run.last("finished").data["reason"] == said  # type: ignore[union-attr]
    assert run.last("checkpoint").data["reason"] == "loss spike"  # type: ignore[union-attr]
    resume_run(run)
    resumed = wait_until_ended(run.path, seconds=SECONDS)
    assert resumed.state == "finished" and resumed.step == 20, (
        "what was seen and continued does not pause again"
    )


def test_a_loss_that_is_no_number_fails_the_run_with_its_rows_and_sound_checkpoints(
    config: Config, tmp_path: Path
) -> None:
    path = started(config(max_grad_norm=0), tmp_path)
    run = at_step(path, 7, set_rate(1e30))
    failed = run.last("failed")
    assert run.state == "failed" and failed is not None
    assert "data.jsonl" in failed.data["error"], failed.data
    newest = run.layout.checkpoint_steps()[-1]
    identity = read_manifest(run.layout.checkpoint(newest)).plan_hash
    sound, faults = newest_sound(run.layout, plan_hash=identity)
    assert sound == run.layout.checkpoint(newest) and faults == []
    assert newest <= run.step
    assert "Traceback" not in failed.data["error"]


PROMPTS = ("what is 1?", "who, then\x1b[2J?")


def test_probe_prompts_are_answered_over_time_and_change_no_number(config: Config, tmp_path: Path) -> None:
    silent = ended(config(), tmp_path / "silent")
    path = started(config(probe_prompts=PROMPTS, probe_max_new_tokens=7), tmp_path / "probed")
    run = at_step(path, 6, lambda run: ask(run, "stop"))
    resume_run(run)
    run = wait_until_ended(path, seconds=SECONDS)
    assert_equal_runs(run, silent)
    samples = run.of_kind("sample")
    measured = [step for step, _ in run.series("evaluation", "validation_loss")]
    assert [(event.step, event.data["prompt"]) for event in samples] == [
        (step, prompt) for step in (0, *measured) for prompt in PROMPTS
    ]
    assert all(0 < event.data["tokens"] <= 7 and event.data["seconds"] >= 0 for event in samples)
    first = [event.data["answer"] for event in samples if event.data["prompt"] == PROMPTS[0]]
    assert len(set(first)) > 1, "training changes what the model says"

    shown = phi("runs", "answers", path)
    assert shown.status == 0 and "what is 1?" in shown.out and "step 0" in shown.out
    assert not FORBIDDEN & set(shown.out)
    document = json.loads(phi("runs", "answers", path, "--json").out)
    assert [item["step"] for item in document] == [event.step for event in samples]


def test_an_answer_is_what_chat_says_with_that_adapter(config: Config, tmp_path: Path) -> None:
    asked = config(probe_prompts=PROMPTS[:1], probe_max_new_tokens=9, evaluate_every=32, final_adapter="last")
    run = ended(asked, tmp_path)
    before, after = (str(event.data["answer"]) for event in run.of_kind("sample"))
    base = load_base(str(run.config["model_name"]), choose_device("cpu"))
    engine = LocalEngine(base, {"tuned": run.layout.final_adapter})
    sampling = Sampling(temperature=0, max_new_tokens=9)
    for target, told in ((BASE, before), ("tuned", after)):
        chunks = engine.stream(Ask((Message("user", PROMPTS[0]),), target, sampling))
        assert "".join(chunk.text for chunk in chunks) == told


def test_probes_are_answered_without_validation_too(config: Config, tmp_path: Path) -> None:
    run = ended(config(epochs=1, validation_fraction=0, probe_prompts=PROMPTS[:1]), tmp_path)
    assert run.of_kind("evaluation") == ()
    assert [event.step for event in run.of_kind("sample")] == [0, 4, 8, 9]


def test_a_prompt_that_fills_the_context_is_told_and_left_out(config: Config, tmp_path: Path) -> None:
    run = ended(config(max_steps=2, probe_prompts=("x" * 300, "y")), tmp_path)
    assert any("fills the model's context of 256 tokens" in message for message in warned(run))
    assert {event.data["prompt"] for event in run.of_kind("sample")} == {"y"}


@pytest.mark.parametrize("sequence", TERMINAL_SEQUENCES)
def test_answers_are_shown_without_what_a_terminal_obeys(
    config: Config, tmp_path: Path, sequence: str
) -> None:
    path = created(config(), tmp_path)
    add_event(path, "sample", 0, prompt=sequence, answer=sequence, tokens=3, seconds=0.1)
    assert not FORBIDDEN & set(phi("runs", "answers", path).out)


def test_a_notice_is_given_with_the_state_that_was_written(config: Config, tmp_path: Path) -> None:
    out = tmp_path / "told.json"
    script = tmp_path / "tell.py"
    script.write_text(
        "import json, os, pathlib\n"
        "state = json.loads((pathlib.Path(os.environ['PHI_RUN_DIR']) / 'status.json').read_text())['state']\n"
        f"pathlib.Path({str(out)!r}).write_text(os.environ['PHI_RUN_STATE'] + ' ' + state)\n"
        "print('said to the log')\nraise SystemExit(7)\n"
    )
    run = ended(config(max_steps=2, notify_command=f"{sys.executable} {script}"), tmp_path)
    wait_for(lambda: bool(warned(read_run(run.path))))
    after = read_run(run.path)
    assert out.read_text() == "finished finished"
    assert after.state == "finished", "a command that fails changes nothing"
    assert warned(after)[-1] == "notify_command ended with status 7; its output is in worker.log"
    assert "said to the log" in run.layout.log.read_text()


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)


def test_a_webhook_without_its_variable_is_refused_at_launch_and_an_address_is_no_name(
    config: Config, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="the environment variable PHI_NOT_SET holds no http address"):
        created(config(notify_webhook="PHI_NOT_SET"), tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match="must be the name of an environment variable") as refused:
        config(notify_webhook="https://example.com/secret-token")
    assert "secret-token" not in str(refused.value)


def test_a_pissa_run_that_is_stopped_and_resumed_equals_one_that_was_not(
    config: Config, tmp_path: Path
) -> None:
    """Its checkpoints hold the converted adapter too, which a resume must not take for a second one."""
    started_apart = config(lora_init="pissa", epochs=1)
    whole = ended(started_apart, tmp_path / "whole")
    run = at_step(started(started_apart, tmp_path / "parts"), 4, lambda run: ask(run, "stop"))
    kept = run.layout.checkpoint(run.layout.checkpoint_steps()[-1])
    assert run.layout.adapter_of(kept) == kept / "adapter"
    resume_run(run)
    assert_equal_runs(wait_until_ended(run.path, seconds=SECONDS), whole)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_rings_at_the_end_and_a_pipe_does_not(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a")
    for out, rings in ((Terminal(), True), (io.StringIO(), False)):
        follow(path, out=out)
        assert out.getvalue().endswith("\a") is rings and ("\a" in out.getvalue()) is rings
