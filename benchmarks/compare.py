"""Compare as the seed did it against ours. `python -m benchmarks.compare [--questions N] [--rounds N] [--also]`

A set of questions is answered by a base and its adapter: a Phi layout with random weights (hidden 512, 8 layers,
vocabulary 51,200; LoRA of rank 16 on all six linear groups), a system prompt of 64 tokens before each question, answers
of given lengths (median 32), greedy, float32. The seed's way is two models and one question at a time. Each way runs in
a process of its own, in turn; `--also` adds ours without each of its parts. Time begins after loading. Processor time
is that of all threads, which wait passively, as in phi's own workers: on a busy machine it says more than the clock.
"""

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

SHAPE = {
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "vocab_size": 51200,
    "max_position_embeddings": 2048,
    "partial_rotary_factor": 0.5,
}
TARGETS = ["q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"]
SYSTEM_TOKENS = 64
MEDIAN_ANSWER = 32
ADAPTER = "adapter_pirate"
NO_STOP: frozenset[int] = frozenset()

Question = tuple[tuple[int, ...], int]
"""Ids of the prompt, and how many tokens the answer has."""
Answers = dict[str, list[int]]
Measured = tuple[Answers, float, float]
"""Answers, seconds by the clock, seconds of the processor."""

WAYS: dict[str, dict[str, Any]] = {
    "seed": {},
    "ours": {},
    "ours, prefix not shared": {"share_prefix": False},
    "ours, transformers' kernels": {"faster_kernels": False},
    "ours, 16 rows": {"max_rows": 16},
    "ours, 32 rows": {"max_rows": 32},
    "ours, base and adapter apart": {"unmixable": frozenset({ADAPTER})},
    "ours, one row": {"max_rows": 1},
}


def questions(num: int) -> list[Question]:
    draw = random.Random(5)
    system = tuple(draw.randrange(1000, 50000) for _ in range(SYSTEM_TOKENS))
    return [
        (
            (*system, *(draw.randrange(1000, 50000) for _ in range(draw.randrange(8, 41)))),
            min(160, max(4, round(math.exp(draw.gauss(math.log(MEDIAN_ANSWER), 0.5))))),
        )
        for _ in range(num)
    ]


def base_model() -> Any:
    import torch
    from transformers import AutoModelForCausalLM, PhiConfig

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(PhiConfig(**SHAPE), dtype=torch.float32)
    return model.requires_grad_(False).eval()


def adapted_model() -> Any:
    import torch
    from peft import LoraConfig, get_peft_model

    base = base_model()
    torch.manual_seed(1)
    lora = LoraConfig(r=16, lora_alpha=32, target_modules=TARGETS, task_type="CAUSAL_LM")
    adapted = get_peft_model(base, lora, adapter_name=ADAPTER)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0.0, 0.02)
    return adapted.requires_grad_(False).eval()


def by_the_seed(asked: list[Question]) -> Measured:
    """Two models; one question and one model at a time, through `generate`."""
    import torch

    models = {"base": base_model(), ADAPTER: adapted_model()}
    found: Answers = {}
    begin, busy = time.perf_counter(), time.process_time()
    for number, (prompt, length) in enumerate(asked):
        for name, model in models.items():
            ids = torch.tensor([prompt])
            said = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=length,
                min_new_tokens=length,
                do_sample=False,
                pad_token_id=0,
            )
            found[f"{number} {name}"] = said[0, len(prompt) :].tolist()
    return found, time.perf_counter() - begin, time.process_time() - busy


def by_us(asked: list[Question], changes: dict[str, Any]) -> Measured:
    from phi_core.config.sampling import Sampling
    from phi_core.inference.batched_generation import Row, answers

    model = adapted_model()
    rows = [
        Row(prompt, adapter, Sampling(max_new_tokens=length))
        for prompt, length in asked
        for adapter in (None, ADAPTER)
    ]
    found: list[list[int]] = [[] for _ in rows]
    begin, busy = time.perf_counter(), time.process_time()
    for position, token_id in answers(model, rows, stop_ids=NO_STOP, device="cpu", **changes):
        found[position].append(token_id)
    seconds, busy = time.perf_counter() - begin, time.process_time() - busy
    names = (f"{number} {name}" for number in range(len(asked)) for name in ("base", ADAPTER))
    return dict(zip(names, found, strict=True)), seconds, busy


def work(way: str, num: int) -> None:
    """One way, in this process; the result as JSON on standard output."""
    from phi_core.models.memory_use import resident_peak_gib

    asked = questions(num)
    found, seconds, busy = by_the_seed(asked) if way == "seed" else by_us(asked, WAYS[way])
    peak = resident_peak_gib() * 1024
    print(json.dumps({"answers": found, "seconds": seconds, "processor": busy, "peak_mib": peak}))


def in_a_process(way: str, num: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.compare", "--questions", str(num), "--work", way]
    settings = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=settings)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def report(ways: list[str], num: int, rounds: int) -> Iterator[str]:
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            runs[way].append(in_a_process(way, num))
    seed = runs["seed"]
    tokens = sum(map(len, seed[0]["answers"].values()))
    yield f"{num} questions × base and adapter, {tokens:,} tokens answered, rounds: {rounds}, medians"
    yield "| way | seconds | times faster | processor seconds | times less | identical answers | peak MiB |"
    yield "|---|---|---|---|---|---|---|"
    for way in ways:
        same = sum(runs[way][0]["answers"][key] == said for key, said in seed[0]["answers"].items())
        yield (
            f"| {way} | {_median(runs[way], 'seconds'):.1f} | {_ratio(seed, runs[way], 'seconds'):.2f} "
            f"| {_median(runs[way], 'processor'):.1f} | {_ratio(seed, runs[way], 'processor'):.2f} "
            f"| {'yes' if same == 2 * num else 'no'} ({same} of {2 * num}) | {_median(runs[way], 'peak_mib'):,.0f} |"
        )


def _median(runs: list[dict[str, Any]], figure: str) -> float:
    return statistics.median(float(run[figure]) for run in runs)


def _ratio(seed: list[dict[str, Any]], ours: list[dict[str, Any]], figure: str) -> float:
    """Round by round: what else the machine did weighs on both."""
    return statistics.median(float(a[figure] / b[figure]) for a, b in zip(seed, ours, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--also", action="store_true", help="ours without each of its parts too")
    parser.add_argument("--work", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.questions)
        return
    ways = list(WAYS) if given.also else ["seed", "ours"]
    for line in report(ways, given.questions, given.rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
