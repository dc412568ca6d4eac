"""What two runs have in common and where they differ: options, data, base, versions. Pure; shows nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phi_core.runs.figures import Figures, figures
from phi_core.runs.reader import Run

FACTS = (
    *("dataset_fingerprint", "base_model", "base_model_revision", "prompt_format", "prompt_format_hash"),
    *("plan_hash", "seed", "device", "host", "git_commit"),
)
"""Keys of run.json that decide numbers, or where they were measured."""
ABSENT = None


@dataclass(frozen=True)
class Change:
    """`name` is an option or a fact; a side that does not have it is None."""

    name: str
    first: Any
    second: Any


@dataclass(frozen=True)
class Difference:
    """`same_plan`: both took the same records in the same order; None where one of them does not say."""

    first: str
    second: str
    options: tuple[Change, ...]
    facts: tuple[Change, ...]
    same_data: bool | None
    same_plan: bool | None
    figures: tuple[Figures, Figures]


def difference(first: Run, second: Run) -> Difference:
    """Only what differs, with both values, in the order of the first run's configuration."""
    return Difference(
        first=first.id,
        second=second.id,
        options=_changes(first.config, second.config),
        facts=_changes(_facts(first), _facts(second)),
        same_data=_same(first, second, "dataset_fingerprint"),
        same_plan=_same(first, second, "plan_hash"),
        figures=(figures(first), figures(second)),
    )


def _changes(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Change, ...]:
    names = dict.fromkeys([*first, *second])
    pairs = ((name, first.get(name, ABSENT), second.get(name, ABSENT)) for name in names)
    return tuple(Change(str(name), one, other) for name, one, other in pairs if one != other)


def _facts(run: Run) -> dict[str, Any]:
    versions = run.about.get("versions")
    named = versions.items() if isinstance(versions, Mapping) else ()
    return {
        **{name: run.about.get(name) for name in FACTS},
        **{f"version of {package}": number for package, number in named},
    }


def _same(first: Run, second: Run, name: str) -> bool | None:
    one, other = first.about.get(name), second.about.get(name)
    return None if one is None or other is None else one == other
