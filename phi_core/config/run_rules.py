"""What must hold between the options of running: what is watched, the processes, and what can be compiled."""

from collections.abc import Iterator

from phi_core.config.process_rules import process_problems
from phi_core.config.training import TrainingConfig
from phi_core.config.watch_rules import watch_problems
from phi_core.errors import Problem


def run_problems(config: TrainingConfig) -> Iterator[Problem]:
    yield from watch_problems(config)
    yield from process_problems(config)
    if config.torch_compile and config.lora_dropout and config.dropout_schedule != "constant":
        what = "compiles the model anew at each step while dropout_schedule changes lora_dropout"
        yield Problem("torch_compile", what, "Leave it out, or set dropout_schedule to constant")
