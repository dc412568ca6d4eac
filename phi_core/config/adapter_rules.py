"""What must hold between the options of the adapter, as far as the model need not be known for it."""

from collections.abc import Iterator
from itertools import product

from phi_core.config.block_ranges import range_fault
from phi_core.config.module_patterns import MODULE_NAME, ends_with, pattern_fault
from phi_core.config.training import TrainingConfig
from phi_core.errors import Problem

AUTO = ("auto",)
LARGEST_RANK, LARGEST_ALPHA = 4096, 65536


def adapter_problems(config: TrainingConfig) -> Iterator[Problem]:
    yield from _targets(config)
    yield from _blocks(config)
    yield from _patterns("rank_pattern", config.rank_pattern, whole=True, largest=LARGEST_RANK)
    yield from _patterns("alpha_pattern", config.alpha_pattern, whole=False, largest=LARGEST_ALPHA)
    yield from _start(config)
    if config.use_dora and config.quantization == "8bit":
        found = "DoRA reads the base's weights at every step, which 8-bit weights do not allow (bitsandbytes 0.50)"
        yield Problem("use_dora", found, "Set quantization to 4bit or none, or use_dora to false")


def _targets(config: TrainingConfig) -> Iterator[Problem]:
    if not config.lora_targets:
        yield Problem("lora_targets", "no module to adapt", "Use auto, or names such as q_proj,v_proj")
    if config.lora_goal and config.lora_targets not in (AUTO, ()):
        found = f"the goal {config.lora_goal} chooses the modules, and lora_targets names others"
        yield Problem("lora_goal", found, "Set one of them: lora_goal to none, or lora_targets to auto")
    if "auto" in config.lora_targets and len(config.lora_targets) > 1:
        found = "auto stands beside other names"
        yield Problem("lora_targets", found, "Give auto alone, or name every module")
    for option in ("lora_targets", "modules_to_save"):
        for name in getattr(config, option):
            if not MODULE_NAME.fullmatch(name):
                yield Problem(
                    option, f"{name!r} is no name of a module", "Names are such as q_proj or mlp.fc1"
                )
    for target, saved in product(config.lora_targets, config.modules_to_save):
        if ends_with(target, saved) or ends_with(saved, target):
            found = f"{saved} is trained whole and adapted too (lora_targets)"
            yield Problem("modules_to_save", found, "Name it in one of the two")


def _blocks(config: TrainingConfig) -> Iterator[Problem]:
    for written in config.lora_layers:
        if fault := range_fault(written):
            yield Problem("lora_layers", fault, "Write 0-7, 16- or 3")


def _patterns(option: str, written: tuple[str, ...], *, whole: bool, largest: int) -> Iterator[Problem]:
    names = [item.partition("=")[0].strip() for item in written]
    for item in written:
        if fault := pattern_fault(item, whole=whole, largest=largest):
            yield Problem(option, fault, f"Write fc1={16 if whole else 64}")
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(option, f"{name} is named twice", "Give each module one figure")


def _start(config: TrainingConfig) -> Iterator[Problem]:
    """A start at the weights' components takes them out of the base; not every base and adapter allows that."""
    if config.lora_init == "default":
        return
    if config.initial_adapter is not None:
        found = f"{config.lora_init} begins at the base's weights, initial_adapter at an adapter's"
        yield Problem("lora_init", found, "Set lora_init to default, or initial_adapter to none")
    if config.quantization != "none":
        found = (
            f"{config.lora_init} takes a part out of the base's weights, which quantised weights do not allow"
        )
        yield Problem("lora_init", found, "Set quantization to none, or lora_init to default")
    if config.use_dora:
        found = f"{config.lora_init} changes the weights whose magnitudes DoRA trains: neither can be taken out again"
        yield Problem("lora_init", found, "Set use_dora to false, or lora_init to default")
