"""Questions in a plain terminal, one line each, with a way back; or answered by flags and defaults alone.

A `Question` is data and pure functions: what it says, what its default is, and the draft that an answer makes. The same
walk asks a person, reads answers from a pipe, or asks nobody (`Defaults`), so that all three end at the same draft.
Knows nothing about what is asked.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Generic, Protocol, TypeVar

from phi_core.cli.output import say
from phi_core.config.option import shown
from phi_core.errors import PhiError, RequestError
from phi_core.plain_text import plain

D = TypeVar("D")
"""What the answers make up, step by step. Never changed: an answer makes a new one."""
BACK, CANCEL = "b", "q"


class Cancelled(Exception):
    """The person wants no more."""


class _Back(Exception):
    pass


@dataclass(frozen=True)
class Question(Generic[D]):
    """`name` is that of its flag. `accept` raises a PhiError for an answer that is not right.

    `menu` is what a person may choose from, `before` and `after` are lines to tell in any case; `applies` says whether the question arises, `missing` what to do where its
    flag is given and it does not. An `is_repeated` question is asked until its answer is empty.
    """

    name: str
    step: str
    text: str
    default: Callable[[D], str]
    accept: Callable[[D, str], D]
    menu: Callable[[], Sequence[str]] = lambda: ()
    before: Callable[[D], Sequence[str]] = lambda draft: ()
    after: Callable[[D], Sequence[str]] = lambda draft: ()
    applies: Callable[[D], bool] = lambda draft: True
    missing: str = ""
    is_repeated: bool = False


class Dialogue(Protocol):
    """Who answers. `offer` is called before `ask`, with what could be chosen."""

    def offer(self, step: str, menu: Callable[[], Sequence[str]]) -> None: ...
    def tell(self, step: str, lines: Sequence[str]) -> None: ...
    def ask(self, name: str, text: str, default: str) -> str: ...
    def wrong(self, error: PhiError) -> None:
        """An answer was not right: say so, or raise the error where nobody could give another."""


def walk(draft: D, questions: Sequence[Question[D]], flags: Mapping[str, object], dialogue: Dialogue) -> D:
    """The draft after all questions. Cancelled if the person cancels; PhiError for a flag that is not right."""
    before: list[tuple[int, D]] = []
    typed: dict[str, str] = {}
    place = 0
    while place < len(questions):
        question = questions[place]
        if not question.applies(draft):
            _require_no_flag(question, flags)
            place += 1
        elif question.name in flags:
            draft = question.accept(draft, shown(flags[question.name]))
            dialogue.tell(question.step, question.after(draft))
            place += 1
        else:
            try:
                answered, answer = _answered(draft, question, typed, dialogue)
            except _Back:
                place, draft = before.pop() if before else (place, draft)
                continue
            before.append((place, draft))
            draft = answered
            place += not (question.is_repeated and answer)
    return draft


def _answered(draft: D, question: Question[D], typed: dict[str, str], dialogue: Dialogue) -> tuple[D, str]:
    """The draft with a right answer, and the answer. Back on an earlier question, what was typed there is its default."""
    dialogue.offer(question.step, question.menu)
    dialogue.tell(question.step, question.before(draft))
    default = question.default(draft)
    while True:
        offered = default if question.is_repeated else typed.get(question.name, default)
        answer = dialogue.ask(question.name, question.text, offered).strip()
        if answer == BACK:
            raise _Back
        if answer == CANCEL:
            raise Cancelled
        if answer:
            typed[question.name] = answer
        try:
            answered = question.accept(draft, answer or offered)
        except PhiError as error:
            typed.pop(question.name, None)
            dialogue.wrong(error)
            continue
        dialogue.tell(question.step, question.after(answered))
        return answered, answer


def _require_no_flag(question: Question[D], flags: Mapping[str, object]) -> None:
    if question.missing and flags.get(question.name):
        raise RequestError(f"--{question.name} cannot be done here", question.missing)


class Headings:
    """Tells lines under the name of their step, which is said once."""

    def __init__(self, steps: Sequence[str]) -> None:
        self._steps = list(steps)
        self._told = ""

    def tell(self, step: str, lines: Sequence[str]) -> None:
        if step != self._told:
            self._told = step
            number = f"{self._steps.index(step) + 1}/{len(self._steps)} " if step in self._steps else ""
            say(f"\n── {number}{step}")
        for line in lines:
            say(line)


class Defaults(Headings):
    """Nobody: every default is taken, and what is wrong ends the command."""

    def offer(self, step: str, menu: Callable[[], Sequence[str]]) -> None:
        pass

    def ask(self, name: str, text: str, default: str) -> str:
        return default

    def wrong(self, error: PhiError) -> None:
        raise error


class Lines(Headings):
    """A person at a terminal, or lines from a pipe."""

    def __init__(self, steps: Sequence[str], source: IO[str] | None = None) -> None:
        super().__init__(steps)
        self._source = source or sys.stdin

    def offer(self, step: str, menu: Callable[[], Sequence[str]]) -> None:
        self.tell(step, menu())

    def ask(self, name: str, text: str, default: str) -> str:
        flag = f" (--{name})" if name else ""
        print(plain(f"{text}{flag} [{default}]: "), end="", flush=True)
        while True:
            try:
                line = self._source.readline() if self._source else ""
            except UnicodeDecodeError:
                print("\nThat is not UTF-8 text. Again: ", end="", flush=True)
                continue
            is_terminal = bool(self._source and self._source.isatty())
            if not is_terminal or not line:
                say(line.rstrip("\n"))  # a terminal shows what is typed, a pipe does not
            if line:
                return line
            raise Cancelled if is_terminal else _ended(name)

    def wrong(self, error: PhiError) -> None:
        say(f"phi: {error}")


def _ended(name: str) -> RequestError:
    asked = f"--{name}" if name else "the last question"
    what = f"this is no terminal, and there is no answer to {asked}: nothing was created"
    return RequestError(what, "Give flags and --auto, which asks nothing")
