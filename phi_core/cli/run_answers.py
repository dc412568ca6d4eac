"""`phi runs answers`: what the model in training said to the probe prompts, prompt by prompt, step after step."""

from collections.abc import Sequence

from phi_core.cli.flags import Json, RunsDir
from phi_core.cli.output import print_json, say, say_row
from phi_core.runs.events import Event
from phi_core.runs.store import LATEST, RunStore, runs_root


def answers(run: str = LATEST, /, *, json: Json = False, runs_dir: RunsDir = None) -> int:
    """The answers to the probe prompts over time; step 0 is before training."""
    found = RunStore(runs_root(runs_dir)).find(run)
    samples = found.of_kind("sample")
    if json:
        print_json([{"step": event.step, **event.data} for event in samples])
    elif samples:
        say_timeline(samples)
    else:
        say(f"{found.id} has answered no probe prompt. Name some: phi train … --probe_prompts 'Who are you?'")
    return 0


def say_timeline(samples: Sequence[Event]) -> None:
    """Each prompt once, below it its answers in the order of the steps."""
    for place, prompt in enumerate(dict.fromkeys(str(event.data.get("prompt")) for event in samples)):
        say(("\n" if place else "") + prompt)
        for event in samples:
            if str(event.data.get("prompt")) == prompt:
                say_row(f"  step {event.step}", str(event.data.get("answer", "")))
