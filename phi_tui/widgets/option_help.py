"""OptionHelp: what the option with the focus means, and the key of the screen that helps with it."""

from collections.abc import Mapping
from textwrap import wrap

from phi_core.config.option import OptionSpec
from phi_tui.draft import explained
from phi_tui.widgets.plain import PlainStatic

MOST_ROWS = 4
WIDE = 90
SCREENS: Mapping[str, tuple[str, ...]] = {
    "ctrl+t shows the layers": ("lora_goal", "lora_targets", "lora_r", "lora_layers", "modules_to_save"),
    "F11 draws the curves": (
        *("schedule", "schedule_power", "schedule_cycles", "schedule_minimum", "schedule_harmonics"),
        *("warmup_ratio", "warmup_shape", "batch_growth", "dropout_schedule", "weight_decay_schedule"),
    ),
    "F10 shows the memory": (
        *(
            "batch_size",
            "gradient_accumulation_steps",
            "gradient_checkpointing",
            "quantization",
            "max_length",
        ),
        *("dtype", "optimizer"),
    ),
}
HINTS = {name: hint for hint, names in SCREENS.items() for name in names}


class OptionHelp(PlainStatic):
    """As many rows as the words need, and at least as many as most need: moving through them lays nothing out anew."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._spec: OptionSpec | None = None

    def explain(self, spec: OptionSpec) -> None:
        self._spec = spec
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        if self._spec is None:
            return
        hint = HINTS.get(self._spec.name, "")
        text = f"{explained(self._spec)}{f' · {hint}' if hint else ''}"
        width = self.content_size.width
        rows = len(wrap(text, max(20, width))) if width else 0
        height = max(2 if width >= WIDE else 3, min(MOST_ROWS, rows))
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        self.show(text)
