"""Steering: what people and signals ask of a live run, taken between two steps and agreed on by all its processes.

The main process reads control/; every process gets the same orders, so that all of them save, validate and stop at the
same step. What is done is a `control` event, what cannot be done a `warning` that says why; the run goes on. A request
is removed once that is written: a worker that is killed in between neither loses nor repeats what changes the plan.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from phi_core.errors import PhiError
from phi_core.planning.courses import Courses
from phi_core.runs.control import KINDS as ALL_KINDS
from phi_core.runs.control import Request, pending_requests, remove_request
from phi_core.runs.writer import Writer
from phi_core.training.amendments import KINDS, Amended, Amendment, amended
from phi_core.training.ranks import any_rank, from_main, is_main

ENDS = ("", "extended", "paused", "stopped")
"""How the loop may be asked to end; of several wishes the last in this row is granted."""


class Interruption(Protocol):
    """Something that may ask to stop: the number of the signal that did, None while none has."""

    received: int | None


@dataclass(frozen=True)
class Orders:
    """`end` is one of ENDS, "" to go on; `courses` are those that hold from the next step on, None for no change."""

    end: str = ""
    saves: bool = False
    evaluates: bool = False
    courses: Courses | None = None
    reason: str = "plan"

    def ending(self, end: str) -> "Orders":
        return replace(self, end=max(self.end, end, key=ENDS.index))


class Steering:
    """One per worker. `amended` is the plan as it now is; `journalled` are the ids of requests that it was told of."""

    def __init__(
        self,
        writer: Writer,
        interruption: Interruption,
        state: Amended,
        *,
        can_evaluate: bool,
        journalled: Collection[str] = (),
    ) -> None:
        self.amended = state
        self._writer, self._interruption, self._can_evaluate = writer, interruption, can_evaluate
        self._journalled = journalled

    def orders(self, step: int) -> Orders:
        """What to do at the end of a step. Every process must ask."""
        orders = Orders()
        if any_rank(self._interruption.received is not None):
            orders = replace(orders.ending("stopped"), reason="signal")
        for request in self._asked():
            orders = self._seen_to(replace(orders, reason="request"), request, step)
        return orders

    def extend(self, step: int) -> bool:
        """Grant the extensions that were asked for while no step was done; whether there was one. Every process must ask."""
        ends = [self._seen_to(Orders(), request, step).end for request in self._asked(("extend",))]
        return "extended" in ends

    def _asked(self, kinds: Collection[str] = ALL_KINDS) -> list[Request]:
        waiting = pending_requests(self._writer.layout, kinds=kinds) if is_main() else []
        return [Request(**told) for told in from_main([asdict(request) for request in waiting])]

    def _seen_to(self, orders: Orders, request: Request, step: int) -> Orders:
        """The orders with one more request, which is removed when what came of it is recorded."""
        if request.id not in self._journalled:
            orders = self._obeyed(orders, request, step)
        if is_main():
            remove_request(self._writer.layout, request)
        return orders

    def _obeyed(self, orders: Orders, request: Request, step: int) -> Orders:
        kind, values = request.kind, request.values
        refusal = self._amend(kind, values, step) if kind in KINDS else self._refusal(kind)
        if refusal:
            self._writer.event("warning", step, message=f"{kind} is refused: {refusal}")
            return orders
        self._writer.event("control", step, request=kind, **values, id=request.id)
        match kind:
            case "set_learning_rate":
                return replace(orders, courses=self.amended.courses)
            case "checkpoint":
                return replace(orders, saves=True)
            case "evaluate":
                return replace(orders, evaluates=True)
        return orders.ending({"extend": "extended", "pause": "paused", "stop": "stopped"}[kind])

    def _amend(self, kind: str, values: Mapping[str, float], step: int) -> str:
        """Change the plan from the next step on; why that cannot be, "" if it is done."""
        (value,) = values.values()
        try:
            self.amended = amended(self.amended, Amendment(kind, value, step))
        except PhiError as error:
            return str(error)
        return ""

    def _refusal(self, kind: str) -> str:
        if kind == "evaluate" and not self._can_evaluate:
            return "the run has neither validation records nor probe prompts"
        return ""
