"""A real run on two sources of very different size: the tokens that its events report have the declared shares."""

import json
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from toy_run import toy_config

from phi_core.jobs.training_job import create_run
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.runs.reader import Run, read_run
from phi_core.runs.writer import RunWriter
from phi_core.training import run

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script_method.*:DeprecationWarning")
GOLDEN = (0.6180, 0.3820)
SETTLED_TOKENS = 2_500
"""From here on a single record is far less than 2 % of the tokens."""


class NoInterruption:
    received: int | None = None


@pytest.fixture(scope="module")
def golden_run(tmp_path_factory: pytest.TempPathFactory, tiny_phi: Path) -> tuple[RunPlan, Run]:
    """1000 and 100 records, mixed golden, under a token budget."""
    folder = tmp_path_factory.mktemp("mixture")
    for name, count in (("large", 1000), ("small", 100)):
        rows = (
            {"prompt": f"{name} {n}?" * (1 + n % 4), "response": f"it is {n * n}" * (1 + n % 3)}
            for n in range(count)
        )
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = toy_config(
        tiny_phi,
        folder / "large.jsonl",
        dataset_path=[str(folder / "large.jsonl"), str(folder / "small.jsonl")],
        mixture="golden",
        max_tokens=60_000,
        batch_size=16,
        gradient_accumulation_steps=1,
    )
    path = create_run(config, folder / "runs", command=[], facts={})
    writer = RunWriter(path)
    run.execute(writer, resume=False, interruption=NoInterruption())
    writer.close()
    return make_plan(config), read_run(path)


def _drawn(found: Run) -> list[dict[str, int]]:
    """Tokens by source after each step, as the events tell them."""
    steps: list[dict[str, Any]] = [dict(event.data["tokens_by_source"]) for event in found.of_kind("step")]

    def add(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
        return {name: one.get(name, 0) + other.get(name, 0) for name in {*one, *other}}

    return list(accumulate(steps, add))


def test_the_golden_mix_delivers_its_shares_at_any_time(golden_run: tuple[RunPlan, Run]) -> None:
    _, found = golden_run
    drawn = _drawn(found)
    settled = [tokens for tokens in drawn if sum(tokens.values()) >= SETTLED_TOKENS]
    assert len(settled) > 50
    for tokens in settled:
        share = tokens["large"] / sum(tokens.values())
        assert abs(share - GOLDEN[0]) < 0.02
    assert 60_000 <= sum(drawn[-1].values()) < 61_000


def test_the_plan_said_so_before_with_the_repetitions(golden_run: tuple[RunPlan, Run]) -> None:
    plan, found = golden_run
    last = _drawn(found)[-1]
    told = {share.label: share for share in plan.source_shares}
    assert {name: share.tokens_drawn for name, share in told.items()} == last
    assert [share.declared for share in plan.source_shares] == pytest.approx(GOLDEN, abs=1e-4)
    assert told["small"].repetitions > 3 > 1 > told["large"].repetitions
    event = found.last("plan")
    assert event is not None and [source["label"] for source in event.data["sources"]] == ["large", "small"]


def test_validation_losses_are_told_by_source(golden_run: tuple[RunPlan, Run]) -> None:
    plan, found = golden_run
    event = found.last("evaluation")
    assert event is not None
    losses = event.data["validation_loss_by_source"]
    assert set(losses) == {"large", "small"}
    tokens = [0, 0]
    for source, trained in zip(plan.validation.sources, plan.validation.trained, strict=True):
        tokens[source] += trained
    mean = (losses["large"] * tokens[0] + losses["small"] * tokens[1]) / sum(tokens)
    assert event.data["validation_loss"] == pytest.approx(mean, rel=1e-6)


def test_both_sources_are_held_out_in_the_same_share(golden_run: tuple[RunPlan, Run]) -> None:
    plan, _ = golden_run
    assert sorted(plan.validation.sources) == [0] * 100 + [1] * 10
