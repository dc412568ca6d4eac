"""The wizard's hyperparameters: what is suggested with its reason, and name=value to change it. Writes nothing."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from phi_core.cli.wizard_draft import Draft, run_config, run_suggestions
from phi_core.config.option import shown
from phi_core.config.problems import SPECS, nearest
from phi_core.errors import ConfigError

FREE = frozenset({"dtype", "device", "truncation", "train_on", "accept"})
FIXED = (
    frozenset(
        spec.name for spec in SPECS.values() if spec.group in ("Model", "Data") or spec.name == "output_dir"
    )
    - FREE
)
"""What model and data were read with: asked before, or given as flags."""
COLUMNS, NAME_WIDTH, VALUE_WIDTH = 80, 28, 7


def settings_lines(draft: Draft) -> list[str]:
    return [
        *(line for name, value, why in _settings(draft) for line in _setting_lines(name, value, why)),
        "Starting points by rules of thumb, no promises. To change: name=value, several with spaces between.",
    ]


def _settings(draft: Draft) -> Iterator[tuple[str, str, str]]:
    """Name, value and why of what is suggested, then of what was set besides."""
    config, found = run_config(draft), run_suggestions(draft)
    for suggestion in found:
        value = getattr(config, suggestion.name)
        offer = f"set by you (suggested {shown(suggestion.value)})"
        yield suggestion.name, shown(value), suggestion.why if value == suggestion.value else offer
    told = {suggestion.name for suggestion in found} | FIXED
    yield from (
        (name, shown(getattr(config, name)), "set by you") for name in draft.values if name not in told
    )


def _setting_lines(name: str, value: str, why: str) -> list[str]:
    """The reason goes on below itself."""
    head = f"{name.ljust(NAME_WIDTH)} {value.ljust(VALUE_WIDTH)} "
    lines = wrap(why, COLUMNS - NAME_WIDTH - VALUE_WIDTH - 2) or [""]
    blank = " " * (NAME_WIDTH + VALUE_WIDTH + 2)
    return [head + lines[0], *(blank + line for line in lines[1:])]


def with_changes(draft: Draft, text: str) -> Draft:
    changed = draft
    for part in text.split():
        changed = changed.having(**_change(part))
    run_config(changed)
    return changed


def _change(part: str) -> dict[str, Any]:
    """One name=value. ConfigError for what is no setting, or belongs to an earlier question."""
    name, equals, value = part.partition("=")
    name = name.removeprefix("--").replace("-", "_")
    if not equals:
        raise ConfigError(f"{part} is not name=value", remedy="Enter alone keeps all")
    if name not in SPECS:
        raise ConfigError(f"there is no setting {name}", remedy=nearest(name, list(SPECS)))
    if name in FIXED:
        raise ConfigError(f"{name} is not set here", remedy="Go back with b, or give it as a flag")
    return {name: value}
