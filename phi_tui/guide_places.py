"""Which chapter of the guide fits a place: a tab, an option, a run that failed. Pure tables; knows no widget."""

from phi_core.config.problems import SPECS
from phi_core.guide.chapters import Chapter, find_chapter
from phi_core.runs.reader import Run

TAB_CHAPTERS = {
    "train": "first_run",
    "runs": "curves",
    "chat": "poor_results",
    "compare": "base_and_adapter",
    "data": "data",
}
GROUP_CHAPTERS = {
    **{"Model": "first_run", "Data": "data", "Adapter": "options", "Training": "options"},
    **{"Run": "curves", "Watch": "curves", "Speed": "slow_training", "Processes": "slow_training"},
}
"""By the group of an option, where it has no row of its own."""
OPTION_CHAPTERS = {
    **dict.fromkeys(
        ("lora_goal", "lora_targets", "lora_layers", "rank_pattern", "modules_to_save"), "layers"
    ),
    **dict.fromkeys(("dtype", "quantization", "gradient_checkpointing", "on_out_of_memory"), "out_of_memory"),
    **dict.fromkeys(("max_length", "truncation", "train_on", "prompt_format"), "data"),
    **dict.fromkeys(("device", "evaluate_every"), "slow_training"),
    "on_loss_spike": "curves",
}
METRIC_CHAPTERS = {"speed": "slow_training", "peak memory": "out_of_memory"}
"""By the curve that is drawn; the others are for the chapter on curves."""
CAUSES = {
    "out_of_memory": ("out of memory", "not enough memory"),
    "poor_results": ("is not finite", "the loss is nan", "the loss is inf", "the loss is -inf"),
}
"""What the reason of a failure says, by the chapter that helps."""


def option_chapter(option: str) -> str:
    """Of an option of a run, by itself or by its group."""
    return OPTION_CHAPTERS.get(option) or GROUP_CHAPTERS[SPECS[option].group]


def run_chapter(run: Run) -> str:
    """The chapter for what ended a run, "" where the guide knows nothing of it.

    A process that is gone without a word was most often killed by the system for the memory that it took.
    """
    if run.state == "lost":
        return "out_of_memory"
    event = run.last("failed") if run.state == "failed" else None
    if event is None:
        return ""
    reason = " ".join(str(event.data.get(name) or "") for name in ("error", "remedy")).lower()
    return next((name for name, words in CAUSES.items() if any(word in reason for word in words)), "")


def place_chapter(
    tab: str, *, chapter: str = "", option: str = "", metric: str = "", run: Run | None = None
) -> Chapter:
    """The best one: that of the run's end, of the curve, of the focused option, of the pane, of the tab."""
    wanted = (run_chapter(run) if run else "") or METRIC_CHAPTERS.get(metric, "")
    wanted = wanted or (option_chapter(option) if option in SPECS else "")
    return find_chapter(wanted or chapter or TAB_CHAPTERS[tab])
