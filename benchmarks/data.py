"""Checking and preparing a large JSON-lines file, beside `datasets` with the tokenizer called directly.

    python benchmarks/data.py [--mib 2048] [--beside_mib 256] [--folder DIR]

Writes files of so many MiB (seeded, prompts and answers of log-normal length from real words). phi checks and prepares
the large one; on the small one phi and `datasets` stand beside each other. Each way runs in a process of its own; told
are seconds, MiB a second and peak resident memory (ru_maxrss, which counts mapped pages).
`datasets` loads the same file and maps the same tokenizer over prompt + answer as one text: it makes no mask, no
checks and no hashes.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MODEL = Path(__file__).parents[1] / "phi_core" / "demo" / "assets" / "model"
WORDS = (MODEL.parent / "pirate.jsonl").read_text(encoding="utf-8").split()
DATASETS = """
import sys
from datasets import load_dataset
from transformers import AutoTokenizer
data, model, cache, num_proc = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(model)
rows = load_dataset("json", data_files=data, split="train", cache_dir=cache)

def encode(batch):
    pairs = zip(batch["prompt"], batch["response"])
    texts = [f"Instruct: {prompt}\\nOutput: {answer}{tokenizer.eos_token}" for prompt, answer in pairs]
    return {"input_ids": tokenizer(texts, add_special_tokens=False)["input_ids"]}

found = rows.map(encode, batched=True, remove_columns=rows.column_names, num_proc=int(num_proc) or None)
print(len(found))
"""


def write_rows(path: Path, mib: int) -> int:
    """Rows of about 1 KiB; returns how many."""
    draw, size, count = random.Random(0), 0, 0
    with path.open("w", encoding="utf-8") as file:
        while size < mib * 2**20:
            prompt, answer = (
                " ".join(draw.choices(WORDS, k=max(1, int(draw.lognormvariate(mean, 0.7)))))
                for mean in (3.6, 4.4)
            )
            size += file.write(
                json.dumps({"prompt": f"{count}: {prompt}", "response": answer}, ensure_ascii=False) + "\n"
            )
            count += 1
    return count


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds, and peak resident memory in MiB of the process or the largest of its children."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mib", type=int, default=2048)
    parser.add_argument("--beside_mib", type=int, default=256)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=arguments.folder, prefix="phi-data-benchmark-"))
    print(f"{os.cpu_count()} cores, {model_name()}", flush=True)
    try:
        report(folder, arguments.mib, phi_ways)
        report(folder, arguments.beside_mib, ways_beside)
    finally:
        shutil.rmtree(folder)


def report(folder: Path, mib: int, ways: Callable[[Path, Path], dict[str, list[str]]]) -> None:
    data = folder / f"{mib}.jsonl"
    count = write_rows(data, mib)
    size = data.stat().st_size / 2**20
    print(f"{size:,.0f} MiB, {count:,} records", flush=True)
    environment = {
        "PHI_CACHE_DIR": str(folder / "cache"),
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_OFFLINE": "1",
    }
    for name, command in ways(folder, data).items():
        seconds, peak = measured(command, environment)
        print(f"  {name:34} {seconds:8.1f} s  {size / seconds:7.1f} MiB/s  peak {peak:7.0f} MiB", flush=True)


def phi_ways(folder: Path, data: Path) -> dict[str, list[str]]:
    phi = [sys.executable, "-m", "phi_core", "data"]
    prepare = [*phi, "prepare", "--model_name", str(MODEL), "--dataset_path", str(data)]
    return {
        "phi data check": [*phi, "check", str(data)],
        "phi data prepare": prepare,
        "phi data prepare, second start": prepare,
    }


def ways_beside(folder: Path, data: Path) -> dict[str, list[str]]:
    direct = [sys.executable, "-c", DATASETS, str(data), str(MODEL)]
    return {
        **phi_ways(folder, data),
        "datasets + tokenizer": [*direct, str(folder / "one"), "0"],
        "datasets + tokenizer, 2 processes": [*direct, str(folder / "two"), "2"],
    }


def model_name() -> str:
    return f"tokenizer of the demo model ({(MODEL / 'tokenizer.json').stat().st_size // 1024} KiB)"


if __name__ == "__main__":
    main()
