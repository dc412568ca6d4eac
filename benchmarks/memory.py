"""The estimate and the probe against the measured peak of a real run. `python -m benchmarks.memory [--docs FILE]`

Random Phi and Llama shapes up to about 100 M parameters, made on the spot; records are cut to exactly max_length
tokens. Each case is planned (formula, nothing learned), probed, and run for two optimizer steps by the training worker.
Compared is memory above what the process held before the model: resident on the CPU, allocated tensors on CUDA. With
--docs the table replaces what stands between two marks of a Markdown file.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.jobs.probe_job import probe
from phi_core.jobs.training_job import create_run, start_run, versions, wait_until_ended
from phi_core.planning.machine import Machine, this_machine
from phi_core.planning.memory_history import history_file
from phi_core.planning.run_plan import make_plan

TOKENIZER = Path(__file__).parents[1] / "phi_core" / "demo" / "assets" / "model"
MARKS = ("<!-- measured: begin -->", "<!-- measured: end -->")
RUN_SECONDS = 1800.0
SHAPES: dict[str, dict[str, int]] = {
    "22 M": {"hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 8, "vocab_size": 10240},
    "101 M": {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "vocab_size": 10240},
}
USUAL = {"lora_r": 8, "lora_dropout": 0.05, "epochs": 1, "max_steps": 2, "train_on": "all"}


@dataclass(frozen=True)
class Case:
    layout: str
    shape: str
    batch_size: int
    length: int
    checkpointing: bool = False
    dtype: str = "float32"
    quantization: str = "none"
    dropout: float = 0.05

    @property
    def words(self) -> tuple[str, ...]:
        """What the case is, column by column."""
        weights = self.dtype if self.quantization == "none" else f"{self.quantization}, {self.dtype}"
        batch = f"{self.batch_size} × {self.length}"
        extra = "checkpointing" if self.checkpointing else "–"
        return (f"{self.layout} {self.shape}", weights, batch, extra, f"{self.dropout:g}")


CASES = (
    Case("phi", "22 M", 4, 256),
    Case("phi", "101 M", 2, 256),
    Case("phi", "101 M", 2, 256, dropout=0.0),
    Case("phi", "101 M", 2, 256, checkpointing=True),
    Case("phi", "101 M", 1, 512),
    Case("phi", "101 M", 2, 256, dtype="bfloat16"),
    Case("phi", "101 M", 2, 256, quantization="8bit"),
    Case("phi", "101 M", 2, 256, quantization="4bit"),
    Case("llama", "101 M", 2, 256),
)


@dataclass(frozen=True)
class Figures:
    """GiB above the process; `probe_gib` and `run_gib` are None where they could not be measured, and `note` says why."""

    formula_gib: float
    probe_gib: float | None
    run_gib: float | None
    note: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--docs", type=Path, help="a Markdown file with the two marks")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="phi-memory-") as folder:
        rows = list(measured(Path(folder), given.device))
    text = document(rows, this_machine(), given.device)
    print(text)
    if given.docs:
        replace_between_marks(given.docs, text)


def measured(folder: Path, device: str) -> Iterator[tuple[Case, Figures]]:
    """Every case in turn, told on standard error as it ends."""
    os.environ["PHI_STATE_DIR"], os.environ["PHI_CACHE_DIR"] = str(folder / "state"), str(folder / "cache")
    dataset = write_dataset(folder / "records.jsonl")
    for case in CASES:
        config = config_of(case, write_model(folder, case), dataset, device)
        figures = figures_of(config, folder / "runs")
        print(*case.words, figures, sep="  ", file=sys.stderr, flush=True)
        yield case, figures


def figures_of(config: TrainingConfig, runs: Path) -> Figures:
    machine = this_machine()
    history_file().unlink(missing_ok=True)  # the formula alone: nothing is learned from case to case
    plan = make_plan(config)
    estimate = plan.memory(machine)
    assert estimate is not None, "every case has a known architecture"
    found = probe(config)
    path = create_run(config, runs, command=["benchmarks.memory"], facts=plan.facts())
    start_run(path)
    run = wait_until_ended(path, seconds=RUN_SECONDS)
    entries = json.loads(history_file().read_text())["runs"] if history_file().exists() else []
    run_gib = entries[-1]["measured_gib"] if entries and run.state == "finished" else None
    shutil.rmtree(path, ignore_errors=True)
    note = found.out_of_memory or ("" if run_gib is not None else f"run {run.state}")
    return Figures(estimate.total_gib, None if found.out_of_memory else found.needed_gib, run_gib, note)


def config_of(case: Case, model: Path, dataset: Path, device: str) -> TrainingConfig:
    return checked(
        {
            **USUAL,
            "model_name": str(model),
            "dataset_path": str(dataset),
            "validation_fraction": 0,
            "truncation": "cut_start",
            "batch_size": case.batch_size,
            "gradient_accumulation_steps": 1,
            "max_length": case.length,
            "gradient_checkpointing": case.checkpointing,
            "dtype": case.dtype,
            "quantization": case.quantization,
            "lora_dropout": case.dropout,
            "device": device,
        }
    )


def write_dataset(path: Path) -> Path:
    """Sixteen records longer than any case's max_length, of which they lose the start."""
    words = (TOKENIZER.parent / "pirate.jsonl").read_text(encoding="utf-8").split()
    text = " ".join(words[:4000])
    rows = [{"prompt": f"{number} {text}", "response": f"record {number}"} for number in range(16)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def write_model(folder: Path, case: Case) -> Path:
    """Random weights of the case's shape with the demo's tokenizer, once."""
    target = folder / f"{case.layout}-{case.shape.replace(' ', '')}"
    if target.exists():
        return target
    import torch
    from transformers import CONFIG_MAPPING, AutoModelForCausalLM

    sizes: dict[str, Any] = {**SHAPES[case.shape], "num_attention_heads": 12, "max_position_embeddings": 2048}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[case.layout](**sizes), dtype=torch.float32)
    model.save_pretrained(target)
    for path in TOKENIZER.glob("tokenizer*"):
        shutil.copy(path, target)
    return target


def document(rows: list[tuple[Case, Figures]], machine: Machine, device: str) -> str:
    """The table with machine, versions and command, as Markdown."""
    case = ("model", "weights", "records × tokens", "", "dropout")
    header = (*case, "formula", "probe", "run", "formula / run", "probe / run")
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    lines += [f"| {' | '.join((*case.words, *_cells(figures)))} |" for case, figures in rows]
    where = f"{machine.device_name(device)}, {machine.cores} cores, {platform.machine()}"
    named = ", ".join(f"{name} {number}" for name, number in {**versions(), **_bitsandbytes()}.items())
    ending = (
        f"{where}; {named}.\nCommand: `python -m benchmarks.memory --device {device} --docs docs/memory.md`"
    )
    return "\n".join([*lines, "", ending])


def _bitsandbytes() -> dict[str, str]:
    try:
        return {"bitsandbytes": version("bitsandbytes")}
    except PackageNotFoundError:
        return {}


def _cells(figures: Figures) -> tuple[str, ...]:
    run, probed = figures.run_gib, figures.probe_gib
    ratios = (figures.formula_gib, probed)
    return (
        *(
            f"{gib:.2f}" if gib is not None else figures.note or "–"
            for gib in (figures.formula_gib, probed, run)
        ),
        *(f"{gib / run:.2f}" if gib is not None and run else "–" for gib in ratios),
    )


def replace_between_marks(path: Path, text: str) -> None:
    before, _, rest = path.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    path.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
