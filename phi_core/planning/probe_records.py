"""Records of a run to try an exported model on: ids of its validation side, or of its training side without one."""

from phi_core.config.training import TrainingConfig
from phi_core.errors import PhiError
from phi_core.planning.run_plan import make_plan

MOST = 8
LARGE_BYTES = 64 * 2**20
"""Data beyond this is not prepared again for a few probes."""


def probe_records(config: TrainingConfig) -> tuple[str, tuple[tuple[int, ...], ...]]:
    """Where the records are from ("validation" or "training") and their ids; ("", ()) if the data is not at hand."""
    try:
        plan = make_plan(config, large_bytes=LARGE_BYTES)
    except (PhiError, OSError):
        return "", ()
    if not plan.is_exact:
        return "", ()
    name, side = ("validation", plan.validation) if len(plan.validation) else ("training", plan.train)
    return name, tuple(tuple(side[at].ids) for at in range(min(MOST, len(side))))
