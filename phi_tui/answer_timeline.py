"""The answers to a run's probe prompts over time: one timeline a prompt, the untrained model's answer first. Pure data."""

from dataclasses import dataclass, replace

from phi_core.runs.reader import Run

MOST = 200
"""Answers of a timeline that are shown: the first and the newest."""


@dataclass(frozen=True)
class Said:
    """What was answered, word for word, at each validation from step `first` to step `last`."""

    first: int
    last: int
    answer: str


@dataclass(frozen=True)
class Timeline:
    """`left_out`: answers after the first that are not shown."""

    prompt: str
    answers: tuple[Said, ...]
    left_out: int = 0


def timelines(run: Run) -> tuple[Timeline, ...]:
    """In the order in which the prompts were first answered."""
    told: dict[str, list[Said]] = {}
    for event in run.of_kind("sample"):
        answers = told.setdefault(str(event.data.get("prompt", "")), [])
        answer = str(event.data.get("answer", ""))
        is_same = bool(answers) and answers[-1].answer == answer
        said = replace(answers.pop(), last=event.step) if is_same else Said(event.step, event.step, answer)
        answers.append(said)
    return tuple(_shortened(prompt, answers) for prompt, answers in told.items())


def _shortened(prompt: str, answers: list[Said]) -> Timeline:
    left_out = max(0, len(answers) - MOST)
    return Timeline(prompt, (answers[0], *answers[1 + left_out :]), left_out)
