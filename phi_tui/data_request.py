"""What the Data tab looks at: the Train form's draft with the data options that were changed on the Data tab.

Pure. Of the Train form only what decides about data counts here, so that a slip in another option hinders nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from phi_core.config.option import OptionSpec, items
from phi_core.config.problems import SPECS, Checked, check
from phi_core.config.training import TrainingConfig
from phi_tui.draft import Draft

DATA_SPECS: Mapping[str, OptionSpec] = {name: spec for name, spec in SPECS.items() if spec.group == "Data"}
BUDGET = (
    "epochs",
    "max_steps",
    "max_tokens",
    "batch_size",
    "gradient_accumulation_steps",
    "seed",
)
"""What else decides how often a record comes by."""


@dataclass(frozen=True)
class DataChoice:
    """`train` is the Train form's draft, `changed` the texts of data options that differ from it here."""

    train: Draft = field(default_factory=Draft)
    changed: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def draft(self) -> Draft:
        return self.train.with_texts(self.changed)

    def edited(self, name: str, text: str) -> "DataChoice":
        """The choice with another text for an option; one equal to the Train form's is no change."""
        others = {key: value for key, value in self.changed.items() if key != name}
        without = DataChoice(self.train, others)
        is_same = self.train.edited(name, text) == self.train
        return without if is_same else DataChoice(self.train, {**others, name: text})

    def over(self, train: Draft) -> "DataChoice":
        """The same changes over another state of the Train form."""
        choice = DataChoice(train)
        for name, text in self.changed.items():
            choice = choice.edited(name, text)
        return choice

    @cached_property
    def checked(self) -> Checked:
        """What is wrong with the data options; wrong options of other kinds count as not given."""
        texts = {name: text for name, text in self.draft.texts.items() if _matters(name)}
        found = check(texts)
        foreign = {problem.where for problem in found.problems} - {*DATA_SPECS}
        return (
            check({name: text for name, text in texts.items() if name not in foreign}) if foreign else found
        )

    @property
    def config(self) -> TrainingConfig | None:
        return self.checked.config

    @property
    def has_data(self) -> bool:
        return bool(self.draft.text("dataset_path").strip())

    @property
    def title(self) -> str:
        """Which data, and how that differs from the Train form."""
        count = len(self.changed)
        named = ", ".join(items(self.draft.text("dataset_path"))) or "no data"
        if not count:
            return f"as in Train · {named}"
        options, them = ("option", "it") if count == 1 else ("options", "them")
        return f"{count} {options} not in Train: ctrl+t takes {them} over · {named}"


def _matters(name: str) -> bool:
    return SPECS[name].group in ("Model", "Data") or name in BUDGET
