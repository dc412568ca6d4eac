"""What help says of the thing that has the focus: an option with its advice, a list, a curve, a log, the prompt.

A place is found by the id or the class of the focused widget, or of what it lies in. Keys are named in braces by their
action, {launch}, and stand in the words as they are now. Reads the widget; changes nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget

from phi_core.config.problems import SPECS
from phi_tui.draft import explained
from phi_tui.keys import Key, shown_key
from phi_tui.widgets.plain import content

HERE = "phi_tui."
KEY_STYLE = "bold $text-accent"
_ACTION = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Place:
    """`chapter` of the guide, "" for that of the tab."""

    title: str
    words: str
    chapter: str = ""


@dataclass(frozen=True)
class FocusHelp:
    """`keys` are those that only this thing takes; `option` its name where it is one."""

    title: str
    words: Content
    keys: tuple[Key, ...] = ()
    option: str = ""
    chapter: str = ""


TABS: Mapping[str, Place] = {
    "train": Place(
        "The form",
        "Each line is one option of the run; type its value. {move(1)} and {move(-1)} go from line to line. Set "
        "model_name and dataset_path, look at the plan ({toggle_plan}), then {launch} starts the run. {start} begins "
        "from a file or a preset, {toggle_advanced} shows the seldom options.",
    ),
    "runs": Place(
        "Runs",
        "Runs that were started here, by the app or by commands. With none yet, {train_tab} sets one up; else tab goes "
        "to the list.",
    ),
    "chat": Place("The chat", "Type a question and press {send}. {choose} chooses who answers."),
    "compare": Place(
        "The comparison",
        "{choose} chooses questions and adapters, {run} asks them all. Then {next_question} and {previous_question} go "
        "through the answers, {toggle_summary} shows the verdict, {vote} lets you vote blind.",
    ),
    "data": Place("The data", "What the Train form names, record by record. {choose} opens other data."),
}
"""Where nothing more exact is known of the focus."""
PLACES: Mapping[str, Place] = {
    "#plan": Place(
        "The plan",
        "What the run would do, made anew as you type: steps, tokens, memory, the course of the learning rate, and the "
        "equal command. The arrows scroll it; {toggle_plan} closes it, {launch} carries it out.",
        "options",
    ),
    "#train-search": Place(
        "The search",
        "Words of the name or the help of an option: only those stay in sight. enter goes to the first, {back} shows "
        "all again.",
    ),
    "RunTable": Place(
        "The list of runs",
        "↑ and ↓ select a run; below stand its figures, what is the matter with it, and its curves. {turn_metric(1)} shows "
        "another curve, {zoom} gives it the whole screen. {stop} stops the run, {resume} goes on, {chat} talks to its "
        "adapter, {compare} compares it with its base. {find} filters the list, {turn_order} sorts it, {mark} draws "
        "several runs together. Keys that do not fit the run do nothing.",
    ),
    "RunChart": Place(
        "The curve",
        "{side(1)} and {side(-1)} move a cursor and show the values at it; {magnify(0.5)} and {magnify(2)} take less or "
        "more of the axis, {whole_curve} all of it. {turn_metric(1)} shows another curve, {turn_smoothing} smooths, "
        "{toggle_log_axis} takes logarithms, {turn_axis} goes along tokens or time. {zoom} leads back to the list.",
        "curves",
    ),
    "#run-filter": Place(
        "The filter",
        "Words of names, tags, models and states, and conditions such as loss<2 or state:failed: only runs for which all "
        "hold stay in the list. enter goes to the list, {back} shows all runs again.",
    ),
    "#run-log": Place(
        "The log",
        "What the worker printed, the newest at the end. The arrows scroll, the end follows again; {find} searches, then "
        "{name} and {notes} move. {pane('log')} closes it.",
    ),
    "#run-events": Place(
        "The events",
        "What happened to the run besides its steps, with time and step. {pane('events')} closes it.",
    ),
    "#run-answers": Place(
        "Answers over time",
        "The answers to the probe prompts at each validation; step 0 is before training. {turn_prompt(1)} and "
        "{turn_prompt(-1)} go from prompt to prompt, {pane('answers')} closes it.",
        "curves",
    ),
    "#run-analysis": Place(
        "Analysis",
        "What the curves say: slope, over-fitting, divergence, plateau, and how much memory was given up. "
        "{pane('analysis')} closes it.",
        "curves",
    ),
    "#run-difference": Place(
        "Differences",
        "How the selected run differs from the marked one: options, data, figures. {pane('difference')} closes it.",
        "curves",
    ),
    "ChatPrompt": Place(
        "The prompt",
        "Type a question: {send} sends it, {newline} makes a new line, {stop} ends an answer and keeps what was said. "
        "The first line of the screen says who answers: {choose} chooses a run or a model, {target} goes to the next "
        "one, {both} asks base and adapter side by side. {regenerate} asks the last question again.",
    ),
    "ChatConversation": Place(
        "The conversation",
        "The arrows and the page keys scroll it; tab goes back to the prompt. {save} writes it into files, {earlier} "
        "goes on with an earlier one.",
    ),
    "#pane-check": Place(
        "Check",
        "Faults stop a run, notes do not. ↑ and ↓ go through them, {look} shows the record behind one, {edit} opens "
        "your editor there. {turn_pane(1)} goes on to the tokens.",
    ),
    "#pane-tokens": Place(
        "Tokens",
        "One record as the model reads it: dim is read, green is trained, red is cut off. {turn_example(1)} and "
        "{turn_example(-1)} go through examples, {number} to a record by its number.",
    ),
    "#pane-lengths": Place(
        "Lengths",
        "How long the records are, what max_length costs, and what the launch gate finds. {accept} accepts what may be "
        "accepted; {pane('options')} lets you try another max_length.",
    ),
    "#pane-options": Place(
        "Data options",
        "What is changed here is tried here only: the other panes follow it. {use} puts it into the Train form. "
        "{move(1)} and {move(-1)} go from line to line.",
    ),
    "#pane-mix": Place(
        "Mix",
        "The split, and how often the records of each source come by. {pane('options')} lets you try another one.",
    ),
}


def focus_help(tab: str, focused: Widget | None, keys: Iterable[Key]) -> FocusHelp:
    """`keys` are those of the tab and of the app as they are now."""
    table = tuple(keys)
    option = next((name for widget in _up(focused) if (name := _option(widget))), "")
    place = next((place for widget in _up(focused) if (place := _place(widget))), TABS[tab])
    own = _own_keys(focused)
    if option:
        words = content(f"{option_words(option)}.\n\n").append(key_words(place.words, table))
        return FocusHelp(option, words, own, option)
    return FocusHelp(place.title, key_words(place.words, table), own, chapter=place.chapter)


def option_words(option: str) -> str:
    """What the option is, without its name, which stands above."""
    return explained(SPECS[option]).removeprefix(f"{option}: ")


def with_keys(words: str, keys: Iterable[Key]) -> str:
    """Words with the first key of each action that they name in braces."""
    now = _first_keys(keys)
    return _ACTION.sub(lambda match: now.get(match[1], match[0]), words)


def key_words(words: str, keys: Iterable[Key]) -> Content:
    """The same with these keys in the style of keys: a letter among words is seen to be one."""
    now = _first_keys(keys)
    parts = _ACTION.split(words)  # every second one is an action
    return Content.assemble(
        *(
            (now.get(part, part), KEY_STYLE) if number % 2 else content(part)
            for number, part in enumerate(parts)
        )
    )


def _first_keys(keys: Iterable[Key]) -> dict[str, str]:
    return {key.action: shown_key(key.keys.split(",")[0]) for key in keys}


def actions_in(words: str) -> tuple[str, ...]:
    """The actions that words name in braces."""
    return tuple(_ACTION.findall(words))


def looked_at(view: Widget) -> Widget | None:
    """What has the focus in a tab; where that is the tab itself, the curve or the pane that fills it."""
    focused = view.screen.focused
    if focused is not None and focused is not view:
        return focused
    if view.has_class("-zoomed"):
        return next(iter(view.query("RunChart")), None)
    return next((pane for pane in view.query(".pane") if pane.display), None)


def _up(widget: Widget | None) -> Iterator[Widget]:
    """The widget and what it lies in, up to its tab."""
    while widget is not None and widget.id not in TABS:
        yield widget
        parent = widget.parent
        widget = parent if isinstance(parent, Widget) else None


def _option(widget: Widget) -> str:
    name = getattr(getattr(widget, "spec", None), "name", "")
    return name if name in SPECS else ""


def _place(widget: Widget) -> Place | None:
    names = (f"#{widget.id}", *(owner.__name__ for owner in type(widget).__mro__))
    return next((PLACES[name] for name in names if name in PLACES), None)


def _own_keys(widget: Widget | None) -> tuple[Key, ...]:
    """The keys that a widget of ours binds itself. Those of a tab stand in its table."""
    if widget is None or widget.id in TABS:
        return ()
    owners = (owner for owner in type(widget).__mro__ if owner.__module__.startswith(HERE))
    found = (binding for owner in owners for binding in vars(owner).get("BINDINGS", ()))
    return tuple(
        Key(binding.key, binding.action, binding.description, binding.tooltip or binding.description)
        for binding in found
        if isinstance(binding, Binding) and binding.description
    )
