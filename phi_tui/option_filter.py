"""Which options the form shows: basic ones, with the advanced, only the changed, or those that fit a search."""

from collections.abc import Collection
from dataclasses import dataclass

from phi_core.config.option import OptionSpec
from phi_core.config.problems import SPECS
from phi_tui.draft import Draft


@dataclass(frozen=True)
class OptionFilter:
    """A search looks through all options. What is wrong is always shown, and so is what is changed."""

    search: str = ""
    advanced: bool = False
    only_changed: bool = False

    def names(self, draft: Draft, wrong: Collection[str]) -> list[str]:
        """The options to show, in their order."""
        return [name for name, spec in SPECS.items() if self._shows(spec, draft) or name in wrong]

    def _shows(self, spec: OptionSpec, draft: Draft) -> bool:
        if self.search.strip():
            return all(
                word in f"{spec.name} {spec.help} {spec.group}".lower()
                for word in self.search.lower().split()
            )
        changed = draft.is_changed(spec.name)
        return changed if self.only_changed else changed or self.advanced or spec.level == "basic"
