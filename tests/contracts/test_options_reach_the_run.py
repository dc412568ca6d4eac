"""Every option reaches the run: change it, and the plan, the trainer's settings or the run directory change.

`CHANGES` names for each option another value and the view in which the difference shows; a new option without a line
here fails. Views are what the run really uses: none repeats the configuration itself.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from adapters import save_adapter
from tiny_models import TEMPLATE
from toy_run import toy_config, toy_trainer, write_spiky_dataset, write_toy_dataset

from phi_core.cli.plan import plan_record
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump
from phi_core.errors import ConfigError, RequestError, TrainingFailed
from phi_core.jobs.accelerate_file import accelerate_values
from phi_core.jobs.launchers import launcher_of
from phi_core.jobs.processes import Machines, process_command
from phi_core.jobs.slurm import sbatch_arguments
from phi_core.jobs.training_job import create_run
from phi_core.model_files.folder import hub_cache
from phi_core.models.adapter import attach_adapter
from phi_core.planning.machine import Machine
from phi_core.planning.run_plan import make_plan
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, read_run
from phi_core.runs.writer import RunWriter
from phi_core.training import run
from phi_core.training.batches import padding_free
from phi_core.training.loss import fast_loss
from phi_core.training.notice import notify

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script_method.*:DeprecationWarning")

MACHINE = Machine(cores=2, free_gib=8.0, total_gib=16.0, gpus=())
HUB_NAME = "tiny/two-revisions"


class Toy:
    """A configuration on tiny files, and what a run would make of it, seen from several sides."""

    def __init__(self, folder: Path, models: Callable[..., Path]) -> None:
        self._models = models
        self.folder = folder
        self._runs: dict[TrainingConfig, Any] = {}
        self.dataset = write_toy_dataset(folder / "data.jsonl")
        self.other_dataset = write_toy_dataset(folder / "other.jsonl", count=9)
        self.faulty_dataset = folder / "faulty.jsonl"
        self.faulty_dataset.write_text(self.dataset.read_text() + '\n{"prompt": "no answer"}\n')
        self.model = models("phi", template=TEMPLATE)
        self.other_model = models("llama")
        self.code_model = self._with_code()
        self.trained = save_adapter(self.model, folder / "trained", strength=0.5)
        self.template = folder / "own.jinja"
        self.template.write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
        self.renamed = folder / "renamed.jsonl"
        self.renamed.write_text(self.dataset.read_text().replace('"prompt"', '"q"'))
        self.grouped = folder / "grouped.jsonl"
        rows = [json.loads(line) for line in self.dataset.read_text().splitlines()]
        self.grouped.write_text(
            "".join(json.dumps({**row, "who": n % 3}) + "\n" for n, row in enumerate(rows))
        )
        self.text = folder / "text.txt"
        self.text.write_text("one two\nthree\n\nfour five\n\nsix seven eight\n")
        self.chats = folder / "chats.jsonl"
        self.chats.write_text("".join(json.dumps({"messages": _turns(n)}) + "\n" for n in range(8)))
        self._fill_hub_cache()

    def config(self, **changes: Any) -> TrainingConfig:
        """Six steps of four records, one checkpoint a step, losses that rise again."""
        short = {
            "epochs": 1,
            "max_steps": 6,
            "checkpoint_every": 1,
            "evaluate_every": 1,
            "learning_rate": 0.1,
        }
        return toy_config(self.model, self.dataset, **{**short, "schedule": "constant", **changes})

    @property
    def two_sources(self) -> dict[str, Any]:
        return {"dataset_path": (str(self.dataset), str(self.other_dataset))}

    def plan(self, config: TrainingConfig) -> Any:
        return plan_record(make_plan(config), MACHINE)

    def gate(self, config: TrainingConfig) -> Any:
        """What stands in the way of the launch."""
        return [finding.name for finding in make_plan(config).gate if finding.stops]

    def order(self, config: TrainingConfig) -> Any:
        """Every sample of the run, in order."""
        return make_plan(config).steps.order

    def loaded(self, config: TrainingConfig) -> Any:
        """What is in memory, or why not."""
        try:
            base = run.load(config)
        except ConfigError as error:
            return str(error)
        return type(base.model).__module__, base.device, sum(p.numel() for p in base.model.parameters())

    def adapter(self, config: TrainingConfig) -> Any:
        """Its settings, the scale of each layer, and what is left of the base."""
        model = attach_adapter(run.load(config).model, config, ("auto",))
        settings = model.peft_config["default"].to_dict()
        scales = {name: part.scaling for name, part in model.named_modules() if hasattr(part, "scaling")}
        base = sum(float(p.abs().sum()) for p in model.parameters() if not p.requires_grad)
        named = {name: settings[name] for name in ("r", "lora_alpha", "lora_dropout", "target_modules")}
        return named, {name: scale for name, scale in scales.items() if isinstance(scale, dict)}, base

    def adapter_weights(self, config: TrainingConfig) -> Any:
        """What the adapter begins with."""
        model = attach_adapter(run.load(config).model, config, ("auto",))
        return sum(float(p.detach().abs().sum()) for name, p in model.named_parameters() if "lora_B" in name)

    def arguments(self, config: TrainingConfig) -> Any:
        return run.training_arguments(config, run.load(config), self.folder / "working" / "x").to_dict()

    def choices(self, config: TrainingConfig) -> Any:
        model = attach_adapter(run.load(config).model, config, ("auto",))
        chosen = run.choose(model, config)
        compiled = [name for name, part in model.named_modules() if part._compiled_call_impl is not None]
        return chosen.collate.__name__, chosen.decisions, compiled, model.is_gradient_checkpointing

    def optimizer(self, config: TrainingConfig) -> Any:
        """What moves the weights."""
        return type(toy_trainer(config, self.folder / "optimizer").create_optimizer())

    def without_memory(self, config: TrainingConfig) -> Any:
        """What a run comes to that has memory for one record at a time."""

        def one_fits(samples: Any, device: str) -> Any:
            if len(samples) > 1:
                raise MemoryError
            return padding_free(samples, device)

        trainer = toy_trainer(config, self.folder / "memory", run.Choices(one_fits, fast_loss, {}))
        try:
            trainer.train()
        except TrainingFailed as error:
            return str(error)
        return trainer.micro_batch_size

    def directory(self, config: TrainingConfig) -> Any:
        """Where the run is created."""
        return create_run(config, self.folder / "created", command=[], facts={}).parent

    def launched(self, config: TrainingConfig) -> Any:
        """Which launcher starts the run, the command for GPUs, and what accelerate and sbatch are told."""
        layout = RunLayout(self.folder / "launched")
        layout.root.mkdir(exist_ok=True)
        layout.config.write_text(dump(config))
        command = process_command(config, layout, machines=Machines(), on_cpu=False, resume=False)
        told = accelerate_values(config), sbatch_arguments(layout, config)
        return type(launcher_of(layout)).__name__, command, told

    def run(self, config: TrainingConfig) -> Any:
        """The checkpoints that a real run leaves, and the step whose adapter is the result. Once a configuration."""
        if config not in self._runs:
            self._runs[config] = self._run(config)
        return self._runs[config]

    def watched(self, config: TrainingConfig) -> Any:
        """How a real run ended and why, what it said to the probe prompts, and what went wrong with telling its end."""
        ran = self._ended(config)
        ended, answers = ran.last("finished"), ran.of_kind("sample")
        assert ended is not None
        said = [(event.step, event.data["prompt"], event.data["tokens"]) for event in answers]
        return ended.data["state"], ended.data["reason"], said, list(notify(ran.layout))

    def _run(self, config: TrainingConfig) -> Any:
        ran = self._ended(config)
        ended = ran.last("finished")
        assert ended is not None
        return ran.layout.checkpoint_steps(), ended.data["adapter_step"]

    def _ended(self, config: TrainingConfig) -> Run:
        path = create_run(config, self.folder / "runs", command=[], facts={})
        writer = RunWriter(path)
        run.execute(writer, resume=False, interruption=NoInterruption())
        writer.close()
        return read_run(path)

    @property
    def overfitting(self) -> dict[str, Any]:
        """A loss that leaps at the sixteenth of twenty steps, and a validation loss that only rises before it."""
        dataset, other = write_spiky_dataset(self.folder)
        data = {"dataset_path": str(dataset), "validation_path": str(other), "record_order": "as_given"}
        return {**data, "learning_rate": 0.02, "max_steps": None, "evaluate_every": 2, "checkpoint_every": 50}

    def _with_code(self) -> Path:
        """A model whose folder names a class of its own."""
        folder = self._models("phi", seed=1)
        target = self.folder / "with-code"
        target.mkdir()
        for path in folder.iterdir():
            (target / path.name).write_bytes(path.read_bytes())
        config = json.loads((target / "config.json").read_text())
        config["auto_map"] = {"AutoModelForCausalLM": "modeling_own.OwnModel"}
        (target / "config.json").write_text(json.dumps(config))
        code = "from transformers import PhiForCausalLM\n\n\nclass OwnModel(PhiForCausalLM):\n    pass\n"
        (target / "modeling_own.py").write_text(code)
        return target

    def _fill_hub_cache(self) -> None:
        root = hub_cache() / f"models--{HUB_NAME.replace('/', '--')}"
        for reference, folder in (("main", self.model), ("deeper", self._models("phi", num_hidden_layers=3))):
            (root / "snapshots").mkdir(parents=True, exist_ok=True)
            (root / "snapshots" / reference).symlink_to(folder)
            (root / "refs").mkdir(exist_ok=True)
            (root / "refs" / reference).write_text(reference)


def _turns(number: int) -> list[dict[str, str]]:
    words = [f"word {number}", "first answer", "again", "second"]
    return [
        {"role": role, "content": word} for role, word in zip(("user", "assistant") * 2, words, strict=True)
    ]


class NoInterruption:
    received: int | None = None


View = Callable[[Toy, TrainingConfig], Any]
Values = dict[str, Any] | Callable[[Toy], dict[str, Any]]

CHANGES: dict[str, tuple[View, Any, Values]] = {
    # option: (where it shows, its other value, other options that both sides need)
    "model_name": (Toy.loaded, lambda toy: str(toy.other_model), {}),
    "model_revision": (Toy.plan, "deeper", {"model_name": HUB_NAME}),
    "dtype": (Toy.loaded, "bfloat16", {}),
    "quantization": (Toy.loaded, "4bit", {}),
    "device": (Toy.loaded, "cuda", {}),
    "trust_remote_code": (Toy.loaded, True, lambda toy: {"model_name": str(toy.code_model)}),
    "dataset_path": (Toy.plan, lambda toy: (str(toy.other_dataset),), {}),
    "validation_path": (Toy.plan, lambda toy: (str(toy.other_dataset),), {}),
    "validation_fraction": (Toy.plan, 0.5, {}),
    "record_format": (Toy.plan, "question/answer", {}),
    "columns": (Toy.plan, ("prompt=q",), lambda toy: {"dataset_path": str(toy.renamed)}),
    "text_unit": (Toy.plan, "line", lambda toy: {"dataset_path": str(toy.text)}),
    "validation_records": (Toy.plan, 5, {}),
    "group_by": (
        Toy.plan,
        "who",
        lambda toy: {"dataset_path": str(toy.grouped), "validation_fraction": 0.4},
    ),
    "mixture": (Toy.order, "sequential", lambda toy: toy.two_sources),
    "mixture_weights": (
        Toy.order,
        (0.9, 0.1),
        lambda toy: {**toy.two_sources, "mixture": "weighted", "mixture_weights": (0.2, 0.8)},
    ),
    "record_order": (Toy.order, "shortest_first", {}),
    "record_weights": (Toy.order, "fibonacci", {}),
    "max_length": (Toy.plan, 20, {}),
    "truncation": (Toy.plan, "drop", {"max_length": 40}),
    "prompt_format": (Toy.plan, "raw", {}),
    "prompt_template": (Toy.plan, lambda toy: str(toy.template), {}),
    "train_on": (Toy.plan, "last_answer", lambda toy: {"dataset_path": str(toy.chats)}),
    "accept": (Toy.gate, ("cut_answers",), {"max_length": 40}),
    "on_bad_record": (Toy.plan, "skip", lambda toy: {"dataset_path": str(toy.faulty_dataset)}),
    "lora_r": (Toy.plan, 3, {}),
    "lora_alpha": (Toy.adapter, 64, {}),
    "lora_dropout": (Toy.adapter, 0.5, {}),
    "dropout_schedule": (Toy.plan, "golden", {}),
    "initial_adapter": (Toy.adapter_weights, lambda toy: str(toy.trained), {"lora_alpha": 16}),
    "lora_goal": (Toy.plan, "structure", {}),
    "lora_layers": (Toy.plan, ("1-",), {}),
    "rank_pattern": (Toy.plan, ("fc1=2",), {}),
    "alpha_pattern": (Toy.adapter, ("fc1=2",), {}),
    "use_rslora": (Toy.adapter, True, {}),
    "use_dora": (Toy.plan, True, {}),
    "lora_init": (Toy.adapter, "pissa", {}),
    "modules_to_save": (Toy.plan, ("lm_head",), {}),
    "lora_targets": (Toy.plan, ("q_proj",), {}),
    "epochs": (Toy.plan, 2.5, {"max_steps": None}),
    "max_steps": (Toy.plan, 2, {}),
    "max_tokens": (Toy.plan, 200, {}),
    "batch_size": (Toy.plan, 1, {}),
    "gradient_accumulation_steps": (Toy.plan, 1, {}),
    "batch_growth": (Toy.plan, "golden", {}),
    "batch_phases": (Toy.plan, 9, {"batch_growth": "golden"}),
    "largest_effective_batch": (Toy.plan, 5, {"batch_growth": "golden"}),
    "learning_rate": (Toy.plan, 1e-3, {}),
    "schedule": (Toy.plan, "cosine", {}),
    "schedule_power": (Toy.plan, 0.5, {"schedule": "golden_decay"}),
    "schedule_cycles": (Toy.plan, 2, {"schedule": "golden_restarts"}),
    "schedule_minimum": (Toy.plan, 0.1, {"schedule": "cosine"}),
    "schedule_harmonics": (Toy.plan, True, {}),
    "warmup_ratio": (Toy.plan, 0.5, {}),
    "warmup_steps": (Toy.plan, 3, {}),
    "warmup_epochs": (Toy.plan, 0.5, {}),
    "warmup_shape": (Toy.plan, "golden", {"warmup_ratio": 0.5}),
    "weight_decay": (Toy.arguments, 0.0, {}),
    "weight_decay_schedule": (Toy.plan, "golden", {}),
    "max_grad_norm": (Toy.arguments, 0.0, {}),
    "on_out_of_memory": (Toy.without_memory, "fail", {"max_steps": 1}),
    "optimizer": (Toy.optimizer, "lion", {}),
    "seed": (Toy.plan, 7, {}),
    "output_dir": (Toy.directory, lambda toy: str(toy.folder / "elsewhere" / "mine"), {}),
    "evaluate_every": (Toy.plan, 3, {}),
    "checkpoint_every": (Toy.plan, 3, {}),
    "checkpoints_kept": (Toy.run, 4, {}),
    "final_adapter": (Toy.run, "last", {}),
    "report_to": (Toy.arguments, ("tensorboard",), {}),
    "num_processes": (Toy.launched, 2, {}),
    "num_machines": (Toy.launched, 2, {"num_processes": 2, "launcher": "slurm"}),
    "sharding": (Toy.launched, "fsdp", {"num_processes": 2, "device": "auto"}),
    "accelerate_config": (Toy.launched, lambda toy: str(toy.folder / "own.yaml"), {}),
    "launcher": (Toy.launched, "slurm", {}),
    "slurm_options": (Toy.launched, ("partition=gpu",), {"launcher": "slurm"}),
    "early_stopping_patience": (Toy.watched, 2, lambda toy: toy.overfitting),
    "early_stopping_min_delta": (
        Toy.watched,
        100.0,
        {"learning_rate": 0.01, "early_stopping_patience": 2},
    ),
    "on_loss_spike": (Toy.watched, "stop", lambda toy: toy.overfitting),
    "probe_prompts": (Toy.watched, ("what is 1?",), {}),
    "probe_max_new_tokens": (Toy.watched, 3, {"probe_prompts": ("what is 1?",)}),
    "notify_command": (Toy.watched, "/no/such/program", {}),
    "notify_webhook": (Toy.directory, "PHI_NO_SUCH_VARIABLE", {}),
    "gradient_checkpointing": (Toy.choices, True, {}),
    "torch_compile": (Toy.choices, True, {}),
    "padding_free": (Toy.choices, False, {}),
}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory, model_folder: Callable[..., Path]) -> Toy:
    return Toy(tmp_path_factory.mktemp("toy"), model_folder)


def test_every_option_has_its_line() -> None:
    assert set(CHANGES) == set(TrainingConfig.model_fields)


@pytest.mark.parametrize("option", CHANGES)
def test_another_value_changes_the_run(option: str, toy: Toy) -> None:
    view, value, needed = CHANGES[option]
    needed = needed(toy) if callable(needed) else needed
    before = toy.config(**needed)
    after = before.model_copy(update={option: value(toy) if callable(value) else value})
    assert getattr(before, option) != getattr(after, option)
    assert seen(view, toy, before) != seen(view, toy, after)


def seen(view: View, toy: Toy, config: TrainingConfig) -> Any:
    """What the view shows; a refusal that names its reason counts as well."""
    try:
        return view(toy, config)
    except RequestError as error:
        return str(error)


def test_a_view_shows_no_difference_where_nothing_changed(toy: Toy) -> None:
    for view in {view for view, _, _ in CHANGES.values()}:
        assert seen(view, toy, toy.config()) == seen(view, toy, toy.config()), view
