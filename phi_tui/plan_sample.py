"""One record of a plan token by token: what the model would see of it, and what of that it would learn. Read in threads."""

from dataclasses import dataclass

from phi_core.chat.prompt_format import stop_ids
from phi_core.planning.run_plan import RunPlan
from phi_core.samples.statistics import typical_and_worst
from phi_core.samples.token_view import TokenView, token_view

EDGE_TOKENS = 40
"""Of a long run of tokens with one fate so many are shown at each end: the Data tab shows all."""


@dataclass(frozen=True)
class PlanSample:
    """`about` says which record it is, and how many of its tokens are trained."""

    about: str
    view: TokenView


def plan_sample(plan: RunPlan) -> PlanSample | None:
    """The typical record; None where the tokenizer is not on this machine, or there is no record."""
    model, data = plan.model, plan.data.prepared
    if model.tokenizer is None or model.form is None or not len(data):
        return None
    name, record = next(iter(typical_and_worst(plan.train, range(len(data))).items()))
    stops = stop_ids(model.form, model.tokenizer)
    view = token_view(plan.train, record, model.tokenizer, stop_ids=stops, edge=EDGE_TOKENS)
    total, trained = view.count("masked", "trained", "stop", "cut"), view.count("trained", "stop")
    return PlanSample(f"{name}: record {record + 1:,}, {trained:,} of {total:,} tokens trained", view)
