"""The memory probe as a job: two real steps in a process of their own. It can be given up at any time.

A process that the system kills for lack of memory is a result like any other; whatever else goes wrong is an error.
"""

import threading

from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump
from phi_core.jobs.one_request import Limit, WorkerKilled, carry_out
from phi_core.runs.probe_result import ProbeResult, result_from

TIMEOUT_SECONDS = 900.0


def probe(
    config: TrainingConfig,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    stop: threading.Event | None = None,
) -> ProbeResult:
    """Blocks; `stop` ends it from another thread. A process that was killed left no figures.

    WorkError if it was stopped, took too long or died; the worker's own error if the run cannot work at all.
    """
    limit = Limit(timeout_seconds, "Lower gradient_accumulation_steps for it")
    try:
        answer = carry_out("probe", {"config": dump(config)}, stop=stop or threading.Event(), limit=limit)
    except WorkerKilled:
        return ProbeResult(
            out_of_memory="the system ended the process, most likely because main memory ran out"
        )
    return result_from(answer)
