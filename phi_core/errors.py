"""The error tree. Every error says what is wrong, with the value, and what would be right.

    PhiError
    ├── RequestError           the request was wrong: exit status 2
    │   ├── ConfigError        options, with every problem found
    │   ├── DataError          a dataset, with every fault found
    │   ├── QuestionSetError   a question file, with every fault found
    │   ├── ModelError         a model or tokenizer that cannot be found or used
    │   ├── AdapterError       an adapter that does not belong here
    │   └── RunError           a run that is unknown, ambiguous or in the wrong state
    └── WorkError              the work itself failed: exit status 1
        ├── TrainingFailed
        └── EngineFailed       an answer failed; the engine lives on
            └── EngineLost     the engine itself is gone

Knows nothing about terminals: front ends print `str(error)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One fault: `where` names the option, file or line, `remedy` what would be right ("" if `what` says it)."""

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        return f"{sentence}. {self.remedy}" if self.remedy else sentence


class PhiError(Exception):
    """What is wrong and, in `remedy`, what would be right."""

    exit_status = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what.rstrip('.')}. {self.remedy}" if self.remedy else self.what


class RequestError(PhiError):
    exit_status = 2


class FaultsError(RequestError):
    """A request with a list of faults, all of them reported at once."""

    def __init__(self, what: str, problems: Sequence[Problem] = (), remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {problem}" for problem in self.problems)])


class ConfigError(FaultsError):
    pass


class DataError(FaultsError):
    pass


class QuestionSetError(FaultsError):
    pass


class ModelError(RequestError):
    pass


class AdapterError(RequestError):
    pass


class RunError(RequestError):
    pass


class WorkError(PhiError):
    pass


class TrainingFailed(WorkError):
    pass


class EngineFailed(WorkError):
    pass


class EngineLost(EngineFailed):
    pass
