"""What runs and prepared data take on the disk, and freeing some of it, as `phi runs storage` and `phi runs clean` do.

Each function reads or removes; run in threads. Knows no widget.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from phi_core.runs.storage import Removal, Rules, Use, removals, remove, storage
from phi_core.samples.cached import PreparedUse, forget, prepared_uses

KEEP: tuple[int | None, ...] = (None, 3, 1, 0)
"""How many checkpoints of a run stay; None: all."""
DAYS = (0.0, 7.0, 30.0)


@dataclass(frozen=True)
class Wish:
    """What is to be freed. Nothing, as long as nobody has wished for anything."""

    rules: Rules = field(default_factory=Rules)
    has_prepared: bool = False

    @property
    def is_empty(self) -> bool:
        return self.rules.keep_checkpoints is None and not self.rules.failed and not self.has_prepared

    def other_keep(self) -> "Wish":
        place = KEEP.index(self.rules.keep_checkpoints) + 1
        return replace(self, rules=replace(self.rules, keep_checkpoints=KEEP[place % len(KEEP)]))

    def other_days(self) -> "Wish":
        place = DAYS.index(self.rules.days) + 1
        return replace(self, rules=replace(self.rules, days=DAYS[place % len(DAYS)]))

    def other_failed(self) -> "Wish":
        return replace(self, rules=replace(self.rules, failed=not self.rules.failed))

    def other_adapters(self) -> "Wish":
        return replace(self, rules=replace(self.rules, adapters_too=not self.rules.adapters_too))

    def other_prepared(self) -> "Wish":
        return replace(self, has_prepared=not self.has_prepared)


@dataclass(frozen=True)
class Used:
    """What there is, the largest first."""

    runs: tuple[Use, ...]
    prepared: tuple[PreparedUse, ...]

    @property
    def run_bytes(self) -> int:
        return sum(use.total for use in self.runs)

    @property
    def prepared_bytes(self) -> int:
        return sum(use.bytes for use in self.prepared)


@dataclass(frozen=True)
class Going:
    """What a wish would free."""

    wish: Wish
    folders: tuple[Removal, ...] = ()
    prepared: tuple[PreparedUse, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(item.bytes for item in self.folders) + sum(item.bytes for item in self.prepared)

    @property
    def count(self) -> int:
        return len(self.folders) + len(self.prepared)


def used(root: Path) -> Used:
    return Used(storage(root), prepared_uses())


def going(root: Path, wish: Wish) -> Going:
    folders = (
        () if wish.rules.keep_checkpoints is None and not wish.rules.failed else removals(root, wish.rules)
    )
    return Going(wish, folders, prepared_uses(idle_days=wish.rules.days) if wish.has_prepared else ())


def freed(root: Path, plan: Going) -> Going:
    """Carry it out; what has come to life since is passed over. What is gone now."""
    return Going(plan.wish, remove(root, plan.folders), forget(plan.prepared))
