"""The table of docs/schedules.md: mean and last multiplier of every schedule, over 1,000 steps without warm-up.

    python benchmarks/schedules.py

Computed by the functions that a run uses. A test compares the document with what this prints.
"""

from phi_core.config.training import TrainingConfig
from phi_core.planning.courses import multipliers, summary
from phi_core.planning.step_plan import Budget, make_step_plan
from phi_core.schedules.batch_growth import Growth

NUM_STEPS = 1000
ARMS = (
    ("constant", {}),
    ("linear", {}),
    ("cosine", {}),
    ("cosine", {"schedule_minimum": 0.1}),
    ("cosine_restarts", {"schedule_cycles": 4}),
    ("golden_decay", {"schedule_power": 0.9}),
    ("golden_decay", {"schedule_power": 1.0}),
    ("golden_power_decay", {"schedule_power": 0.9}),
    ("golden_cosine", {}),
    ("golden_restarts", {"schedule_cycles": 3}),
    ("golden_restarts", {"schedule_cycles": 4}),
)


def table() -> str:
    """Markdown."""
    steps = make_step_plan([1] * NUM_STEPS, budget=Budget(1), growth=Growth(1), seed=0)
    rows = ["| schedule | options | mean | last step |", "|---|---|---|---|"]
    for schedule, options in ARMS:
        config = TrainingConfig.model_validate({"schedule": schedule, "warmup_steps": 0, **options})
        found = summary(multipliers(config, steps))
        named = ", ".join(f"`{name}: {value:g}`" for name, value in options.items())
        rows.append(f"| `{schedule}` | {named} | {found.mean:.4f} | {found.final:.4f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
