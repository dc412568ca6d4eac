"""Every key of the app, once: footer, help and tests read this table.

No key here is one that a plain terminal or tmux cannot send (alt+digit, shift+enter, ctrl+h, ctrl+i, ctrl+m) or that
a text field uses itself. Single letters act only outside text fields, where Textual delivers them as text.
"""

from dataclasses import dataclass

from textual.binding import Binding
from textual.keys import key_to_character


@dataclass(frozen=True)
class Key:
    """`action` is the action method without `action_`, perhaps with arguments; `shown` puts it into the footer."""

    keys: str
    action: str
    text: str
    explanation: str
    shown: bool = True
    priority: bool = False

    @property
    def id(self) -> str:
        return self.action


def bindings(keys: tuple[Key, ...], view: str) -> list[Binding]:
    """Textual's bindings of one view; their ids are `view.action`."""
    return [
        Binding(
            key.keys,
            key.action,
            key.text,
            show=key.shown,
            priority=key.priority,
            id=f"{view}.{key.id}",
            tooltip=key.explanation,
        )
        for key in keys
    ]


NAMES = {
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "pagedown": "page down",
    "pageup": "page up",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
}


def shown_key(key: str) -> str:
    """One key as people write it: ctrl+r, F6, ?"""
    before, plus, last = key.rpartition("+")
    name = NAMES.get(last) or key_to_character(last) or last
    name = last if name.isspace() else name
    return before + plus + (name.upper() if name[:1] == "f" and name[1:].isdigit() else name)


def shown_keys(key: Key) -> str:
    return ", ".join(map(shown_key, key.keys.split(",")))


APP: tuple[Key, ...] = (
    Key("f1,question_mark", "help", "Help", "The keys of this tab, and what it is for"),
    Key("f2,1", "train_tab", "Train", "Set up a run and start it", shown=False),
    Key("f3,2", "runs_tab", "Runs", "Watch and steer runs", shown=False),
    Key("f4,3", "chat_tab", "Chat", "Talk to a result", shown=False),
    Key("f5,4", "compare_tab", "Compare", "Base against adapter", shown=False),
    Key("f6,5", "data_tab", "Data", "What a run would train on: faults, tokens, lengths, mix", shown=False),
    Key("ctrl+p", "palette", "Palette", "All that can be done, by its name: keys, runs, files, themes"),
    Key("ctrl+o", "jump", "Jump", "A letter over each pane and tab: press one to go there", shown=False),
    Key("ctrl+l", "redraw", "Redraw", "Draw the screen anew", shown=False),
    Key("ctrl+q", "quit", "Quit", "Leave; runs keep running", priority=True),
)
TRAIN: tuple[Key, ...] = (
    Key("ctrl+r", "launch", "Launch", "Start a run with these options"),
    Key("ctrl+s", "save", "Save", "Write the options to a YAML file"),
    Key("ctrl+n", "start", "Start from", "The defaults, a YAML file or a preset; keep the form as a preset"),
    Key("f9", "toggle_advanced", "More", "Show or hide the advanced options"),
    Key("f8", "toggle_plan", "Plan", "Show or hide the plan: steps, memory, schedule, command"),
    Key(
        "ctrl+t", "layers", "Layers", "The layers of the model and the nine goals: what the adapter stands on"
    ),
    Key("f10,m", "memory", "Memory", "What the run needs: estimate, parts; in it p measures, f fits"),
    Key(
        "f11,c", "schedules", "Curves", "Curves of several schedules beside each other; batch, dropout, decay"
    ),
    Key("ctrl+j", "queue", "Queue", "Queue the run, or several that differ: they start when there is memory"),
    Key("ctrl+g", "edit", "Edit", "The form as YAML in $VISUAL or $EDITOR, and back into the form"),
    Key("ctrl+f,slash", "find", "Find", "Show only options whose name or help has a word"),
    Key("f7", "toggle_changed", "Changed", "Show only what differs from the default", shown=False),
    Key("alt+r", "reset_option", "Reset", "Give the option its default again", shown=False),
    Key("f12", "copy", "Copy", "Copy the equal `phi train` command, or the YAML", shown=False),
    Key("down", "move(1)", "Next option", "To the next option", shown=False),
    Key("up", "move(-1)", "Previous option", "To the option above", shown=False),
    Key("pagedown", "move(10)", "Page down", "Ten options down", shown=False),
    Key("pageup", "move(-10)", "Page up", "Ten options up", shown=False),
    Key("escape", "back", "Back", "Leave the search, the plan or the field", shown=False),
)
RUNS: tuple[Key, ...] = (
    Key("enter,z", "zoom", "Zoom", "Give the curves or the open pane the whole screen, and back"),
    Key("K", "move_in_queue(-1)", "Earlier", "Move a queued run one place towards the start of the queue"),
    Key("J", "move_in_queue(1)", "Later", "Move a queued run one place towards the end of the queue"),
    Key("u", "toggle_queue", "Unqueue", "Take a run out of the queue; queue one that has ended early"),
    Key(
        "m,right_square_bracket",
        "turn_metric(1)",
        "Metric",
        "Next curve: loss, learning rate, gradient, speed, memory; batch, dropout, decay where they vary",
    ),
    Key("left_square_bracket", "turn_metric(-1)", "Previous metric", "The curve before", shown=False),
    Key("l", "pane('log')", "Log", "The worker's log and what happened, and back"),
    Key("p", "pause", "Pause", "Checkpoint after this step and leave the device"),
    Key("c", "continue", "Continue", "Go on with a paused run"),
    Key("s", "stop", "Stop", "End after this step with a checkpoint"),
    Key("r,ctrl+r", "resume", "Resume", "Go on after the newest checkpoint; start a queued run now"),
    Key("slash,ctrl+f", "find", "Find", "List only runs with these words; with the log open: search it"),
    Key("t", "chat", "Chat", "Talk to this run's adapter"),
    Key("o", "compare", "Compare", "Base against this run's adapter"),
    Key("f", "pane('difference')", "Differences", "How the selected run differs from the marked one"),
    Key("b", "pane('answers')", "Answers", "The answers to the probe prompts over time, and back"),
    Key("i", "pane('analysis')", "Analysis", "Slope, over-fitting, divergence, plateau, memory; and back"),
    Key("E", "pane('events')", "Events", "What happened, with its time and step, and back"),
    Key("v", "evaluate", "Evaluate", "Measure the validation loss after this step"),
    Key("L", "ask_rate", "Rate", "Another peak learning rate from the next step on"),
    Key("x", "ask_steps", "Extend", "More steps, also for a run that has ended"),
    Key("w", "checkpoint", "Checkpoint", "Write a checkpoint after this step", shown=False),
    Key("S", "kill", "Kill", "End at once; what came after the last checkpoint is lost", shown=False),
    Key(
        "space",
        "mark",
        "Mark",
        "Mark up to four runs: their curves are drawn with the selected one's, each with its letter",
    ),
    Key("right", "side(1)", "Cursor on", "The cursor on the curve onwards; in Answers the next prompt"),
    Key("left", "side(-1)", "Cursor back", "The cursor back; in Answers the prompt before", shown=False),
    Key("shift+right", "side(10)", "Ten times on", "The cursor ten times as far", shown=False),
    Key("shift+left", "side(-10)", "Ten times back", "The cursor ten times as far back", shown=False),
    Key(
        "plus,equals_sign",
        "magnify(0.5)",
        "Closer",
        "Half as much of the axis, around the cursor or at the end",
    ),
    Key("minus", "magnify(2)", "Wider", "Twice as much of the axis", shown=False),
    Key("0", "whole_curve", "Whole", "The whole curve", shown=False),
    Key(
        "h",
        "turn_smoothing",
        "Smooth",
        "Smooth the curves over 5, 20, 100 points; the recorded ones stay behind",
    ),
    Key("X", "turn_axis", "Axis", "Along steps, trained tokens, or the time of the steps"),
    Key("a", "toggle_log_axis", "Log axis", "Logarithmic values, and back", shown=False),
    Key("O", "turn_order", "Order", "List by age, loss, validation loss, name, state, steps"),
    Key("n", "name", "Name", "Give the run a name; in a searched log: the next line that has the text"),
    Key("N", "notes", "Notes", "A note and tags for the run; in a searched log: the line before"),
    Key("C", "storage", "Storage", "What runs take on the disk, and freeing some of it"),
    Key("greater_than_sign", "turn_prompt(1)", "Next prompt", "Answers: the next prompt", shown=False),
    Key("less_than_sign", "turn_prompt(-1)", "Prompt before", "Answers: the prompt before", shown=False),
    Key("e", "edit_copy", "Edit copy", "Load this run's options into the Train tab", shown=False),
    Key("d", "delete", "Delete", "Remove the run's folder", shown=False),
    Key("j", "down", "Down", "To the run below", shown=False),
    Key("k", "up", "Up", "To the run above", shown=False),
    Key("g", "first", "First", "To the first run", shown=False),
    Key("G", "last", "Last", "To the last run", shown=False),
    Key("escape", "back", "Back", "Leave the open pane and the zoom, the cursor, the filter", shown=False),
)
CHAT: tuple[Key, ...] = (
    Key(
        "enter",
        "send",
        "Send",
        "Send what the prompt holds; an edited question is asked in the place of the old",
        shown=False,
    ),
    Key("ctrl+j", "newline", "New line", "A new line in the prompt", shown=False),
    Key(
        "escape",
        "stop",
        "Stop",
        "End the answer and keep what was said; again: end the engine; leave editing",
    ),
    Key("ctrl+t", "target", "Model", "Let the next one answer from now on: base, adapters, checkpoints"),
    Key("ctrl+n", "choose", "Choose", "Choose a run, or name a model or an endpoint"),
    Key("ctrl+r", "regenerate", "Again", "Ask the last question again, also after a failure"),
    Key("f8", "both", "Both", "Base and adapter answer the same question side by side, and back"),
    Key(
        "f9",
        "adapters",
        "Checkpoints",
        "The adapters and checkpoints of the run, the newest of a running one too",
    ),
    Key("alt+up,f12", "strength(1)", "Stronger", "More of what the adapter adds, up to 2 times", shown=False),
    Key(
        "alt+down,f11", "strength(-1)", "Weaker", "Less of what the adapter adds; 0 is the base", shown=False
    ),
    Key(
        "up",
        "edit(-1)",
        "Edit",
        "In an empty prompt: edit the last question; again: the one before",
        shown=False,
    ),
    Key("down", "edit(1)", "Later", "While editing: the question after", shown=False),
    Key(
        "f10",
        "settings",
        "Settings",
        "Temperature, top-p, top-k, penalty, longest answer, seed, system message",
    ),
    Key("ctrl+f", "earlier", "Earlier", "Go on with an earlier chat"),
    Key("ctrl+s", "save", "Save", "Write the conversation as JSON lines and Markdown"),
    Key("f7", "clear", "New chat", "Begin a new conversation; this one is kept"),
    Key("ctrl+g", "edit_prompt", "Editor", "Write the prompt in $VISUAL or $EDITOR", shown=False),
    Key("y", "copy_answer", "Copy", "Outside the prompt: copy the last answer as it was said", shown=False),
    Key("Y", "copy_chat", "Copy all", "Outside the prompt: copy the whole conversation", shown=False),
)
COMPARE: tuple[Key, ...] = (
    Key("ctrl+r", "run", "Run", "Ask what has not been answered yet; it goes on when the app is left"),
    Key("escape", "stop", "Stop/Back", "Leave what is open; else end the batch and keep the answers"),
    Key("ctrl+n", "choose", "Choose", "Choose questions, adapters, checkpoints, a judge"),
    Key("d", "turn_view", "View", "Answers, their text diff, token by token, and back"),
    Key("f", "turn_filter", "Filter", "List all questions, those that differ, better, worse, failed ones"),
    Key("v", "vote", "Vote", "Blind votes on the answers; in them e exports preference pairs"),
    Key("s", "toggle_summary", "Summary", "Verdict, interval, test and tags, and back"),
    Key("ctrl+s", "save", "Report", "Write report.md, report.html and report.json"),
    Key("z", "zoom", "Zoom", "Give the answers the whole screen, and back"),
    Key("j,down", "next_question", "Next", "To the next question", shown=False),
    Key("k,up", "previous_question", "Previous", "To the question above", shown=False),
    Key("g", "first_question", "First", "To the first question", shown=False),
    Key("G", "last_question", "Last", "To the last question", shown=False),
    Key("b", "other_answer(1)", "Next model", "The next model or adapter", shown=False),
    Key("right", "side(1)", "Right", "The next model; in the token view the next token", shown=False),
    Key("left", "side(-1)", "Left", "The model before; in the token view the token before", shown=False),
    Key("n", "next_change", "Next change", "Token view: the next token that changed much", shown=False),
    Key("c", "turn_measure", "Measure", "Token view: colours by log probability or by KL", shown=False),
    Key("pagedown,space", "page_down", "Page down", "Scroll the answers down", shown=False),
    Key("pageup", "page_up", "Page up", "Scroll the answers up", shown=False),
)
DATA: tuple[Key, ...] = (
    Key("ctrl+r", "prepare", "Prepare/Stop", "Tokenise large data now; while it does: stop it"),
    Key("a", "accept", "Accept", "Accept what the launch gate refuses and may be accepted; again: no more"),
    Key("ctrl+t", "use", "Use in Train", "Put this data and its options into the Train form, and go there"),
    Key(
        "ctrl+n",
        "choose",
        "Open",
        "Choose data: files, folders, patterns or hub ids; commas separate several",
    ),
    Key("enter", "look", "Record", "Check: the raw record behind this line"),
    Key("e", "edit", "Edit", "Check: open $VISUAL or $EDITOR at this line, and check again after it"),
    Key("n,right", "turn_example(1)", "Next", "Tokens: the next example"),
    Key("p,left", "turn_example(-1)", "Before", "Tokens: the example before", shown=False),
    Key("g", "number", "Go to", "Tokens: record number N"),
    Key("v", "toggle_rows", "Rows", "Tokens: one token a row with its id, and back"),
    Key(
        "b",
        "next_border",
        "Border",
        "Tokens: to the next border between masked, trained, stop and cut",
        shown=False,
    ),
    Key("right_square_bracket,f7", "turn_pane(1)", "Next pane", "Check, Tokens, Lengths, Mix, Options"),
    Key("left_square_bracket,f8", "turn_pane(-1)", "Pane before", "The pane before", shown=False),
    Key("c", "pane('check')", "Check", "Faults, warnings, duplicates, overlap", shown=False),
    Key("t", "pane('tokens')", "Tokens", "A record token by token", shown=False),
    Key(
        "l",
        "pane('lengths')",
        "Lengths",
        "How long records are, what max_length costs, launch gate",
        shown=False,
    ),
    Key("m", "pane('mix')", "Mix", "Split, and the shares of several sources", shown=False),
    Key("o", "pane('options')", "Options", "Data options, to be tried here", shown=False),
    Key("r,f9", "again", "Again", "Read the files again", shown=False),
    Key("u,f10", "forget", "As in Train", "Forget what was chosen and changed here", shown=False),
    Key("down", "move(1)", "Next option", "Options: to the next", shown=False),
    Key("up", "move(-1)", "Previous option", "Options: to the one above", shown=False),
    Key("escape", "back", "Back", "Leave the field, then go to Check", shown=False),
)
