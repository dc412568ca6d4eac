"""Which models are in sight where not all fit: the base stays, the others turn. Pure."""

from collections.abc import Sequence

from phi_core.chat.engine import BASE

Targets = tuple[str, ...]


def in_sight(targets: Targets, chosen: str, columns: int) -> Targets:
    """All if they fit; one alone if one fits; else the base and the others from the chosen one on."""
    if len(targets) <= columns:
        return targets
    if columns == 1:
        return (chosen if chosen in targets else targets[0],)
    fixed = (BASE,) if BASE in targets else ()
    return (*fixed, *_from(others(targets), chosen)[: columns - len(fixed)])


def others(targets: Targets) -> Targets:
    """Who is held against the base."""
    return tuple(target for target in targets if target != BASE) or targets


def held_against_base(targets: Targets, chosen: str) -> str:
    """The chosen one, or the first if that is the base."""
    rest = others(targets)
    return chosen if chosen in rest else rest[0]


def turned(among: Targets, chosen: str, by: int) -> str:
    """The next one, around the end."""
    place = among.index(chosen) if chosen in among else 0
    return among[(place + by) % len(among)]


def _from(targets: Sequence[str], chosen: str) -> Targets:
    place = targets.index(chosen) if chosen in targets else 0
    return (*targets[place:], *targets[:place])
