"""What the palette offers: the keys of the open tab that work now, runs, adapters, presets, files, themes, settings.

Made anew each time the palette opens. Each command does what a key or a message would do; nothing is done here.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from phi_core.guide.chapters import chapters
from phi_core.planning.presets import Preset
from phi_core.runs.reader import Run
from phi_tui import run_requests, run_text
from phi_tui.clipboard import keep
from phi_tui.commands import Command
from phi_tui.engine_choice import typed_choice
from phi_tui.keymap import TABLES, key_lines, keymap_file
from phi_tui.keys import APP, Key, shown_key
from phi_tui.messages import OpenChat, OpenCompare, OpenRun, OpenTrain
from phi_tui.palette_files import FoundFiles
from phi_tui.paths_text import paths_text
from phi_tui.run_outcomes import Request
from phi_tui.screens.confirm import Confirm
from phi_tui.screens.reading import Reading
from phi_tui.themes import THEMES
from phi_tui.views.run_actions import STOP
from phi_tui.widgets.tab_bar import TABS

if TYPE_CHECKING:
    from textual.widget import Widget

    from phi_tui.app import PhiApp

MOST_RUNS = 300
MOVES = frozenset(
    {
        *("move", "down", "up", "first", "last", "back", "page_down", "page_up", "newline", "send", "edit"),
        *("first_question", "last_question", "next_question", "previous_question", "side", "scroll"),
    }
)
"""Actions that only make sense as keys."""
NOT_IN_ITSELF = frozenset({"palette", *(f"{tab}_tab" for tab in TABS)})


def commands_now(app: "PhiApp", tab: str, view: "Widget") -> list[Command]:
    """All that need no disk, those of the open tab first."""
    return [
        *_keys(app, tab, view),
        *getattr(view, "commands", lambda: ())(),
        *_tabs(app),
        *(_stop(app, run) for run in app.runs if run.is_live),
        *(command for run in app.runs[:MOST_RUNS] for command in _of_run(app, run)),
        *_guides(app),
        *_themes(app),
        *_settings(app),
    ]


def commands_of(app: "PhiApp", files: FoundFiles) -> list[Command]:
    """Those of the working folder and the configuration folder."""
    return [
        *(
            Command(
                f"train: open {path}", "This YAML file's options into the form", _post(app, OpenTrain(path))
            )
            for path in files.configs
        ),
        *(
            Command(f"chat: with adapter {path}", "An adapter in this folder", partial(_talk, app, str(path)))
            for path in files.adapters
        ),
        *(
            Command(
                f"preset: {preset.name}",
                f"{preset.about}; {preset.source}",
                partial(_use_preset, app, preset),
            )
            for preset in files.presets
        ),
    ]


def _keys(app: "PhiApp", tab: str, view: "Widget") -> Iterator[Command]:
    """The keys of a tab that are offered now."""
    for key in app.keymap.keys(tab, TABLES[tab]):
        if _is_offered(view, key):
            yield _of_key(
                f"{tab}: {key.text[:1].lower()}{key.text[1:]}", key, partial(app.run_action, key.action, view)
            )


def _is_offered(view: "Widget", key: Key) -> bool:
    name = key.action.partition("(")[0]
    offered = getattr(view, "is_offered", lambda _action: True)
    return name not in MOVES and bool(view.check_action(name, ())) and bool(offered(key.action))


def _of_key(name: str, key: Key, run: Callable[[], object]) -> Command:
    return Command(name, key.explanation, run, shown_key(key.keys.split(",")[0]))


def _tabs(app: "PhiApp") -> Iterator[Command]:
    for key in app.keymap.keys("app", APP):
        tab = key.action.removesuffix("_tab")
        if tab in TABS:
            yield _of_key(f"tab: {TABS[tab]}", key, partial(app.show_tab, tab))


def _stop(app: "PhiApp", run: Run) -> Command:
    def asked(run: Run) -> Request:
        return run_requests.asked(run, "stop", "stops after this step")

    def answered(is_sure: bool | None) -> None:
        if is_sure:
            app.use_view("runs", lambda view: view.do(asked, run))

    name = run_text.title(run)
    question = Confirm(STOP.format(name), "Stop")
    return Command(
        f"stop: {name}", "End after this step with a checkpoint", lambda: app.push_screen(question, answered)
    )


def _of_run(app: "PhiApp", run: Run) -> Iterator[Command]:
    name, about = run_text.title(run), f"{run.state}, step {run.step}: {run.path}"
    yield Command(f"run: open {name}", about, _post(app, OpenRun(run.path)))
    if run.adapter is not None:
        yield Command(f"chat: with {name}", f"Talk to its adapter. {about}", _post(app, OpenChat(run.path)))
        yield Command(
            f"compare: {name}", f"Base against its adapter. {about}", _post(app, OpenCompare(run.path))
        )
    yield Command(
        f"train: options of {name}", f"Into the form. {about}", _post(app, OpenTrain(run.layout.config))
    )


def _guides(app: "PhiApp") -> Iterator[Command]:
    for chapter in chapters():
        yield Command(f"guide: {chapter.title}", chapter.about, partial(app.action_guide, chapter.name))


def _themes(app: "PhiApp") -> Iterator[Command]:
    for name in sorted(THEMES, key=lambda name: name != app.theme):
        yield Command(
            f"theme: {name}",
            "The one in use" if name == app.theme else "Seen at once; enter keeps it, esc takes it back",
            partial(app.choose_theme, name),
            preview=partial(app.preview_theme, name),
        )


def _settings(app: "PhiApp") -> Iterator[Command]:
    yield Command("settings: paths", "Every folder and file that phi uses here", partial(_show_paths, app))
    yield Command(
        "settings: keys", f"Every key with the name that {keymap_file()} gives it", partial(_show_keys, app)
    )
    yield Command(
        "settings: ASCII signs", "Plain signs for frames, curves and states, and back", app.toggle_ascii
    )
    yield Command(
        "settings: output rate", "How much is sent to the terminal, above; and back", app.toggle_rate
    )
    yield Command("copy: last copy into a file", "If the terminal did not take it", partial(keep, app))
    for key in app.keymap.keys("app", APP):
        if key.action not in NOT_IN_ITSELF:
            yield _of_key(
                f"phi: {key.text[:1].lower()}{key.text[1:]}", key, partial(app.run_action, key.action, app)
            )


def _show_paths(app: "PhiApp") -> None:
    app.push_screen(Reading("Where phi keeps things", paths_text(app.runs_root)))


def _show_keys(app: "PhiApp") -> None:
    how = f"{keymap_file()} changes them, as lines under `keys:`, such as\n  train.launch: f5"
    parts = (how, *app.keymap.problems, key_lines(app.keymap))
    app.push_screen(Reading("Keys and their names", "\n\n".join(parts)))


def _talk(app: "PhiApp", folder: str) -> None:
    app.show_tab("chat")
    app.use_view("chat", lambda view: view.talk_to(typed_choice("", folder)))


def _use_preset(app: "PhiApp", preset: Preset) -> None:
    app.show_tab("train")
    app.use_view("train", lambda view: view.dialogs.use_preset(preset))


def _post(app: "PhiApp", message: OpenRun | OpenChat | OpenCompare | OpenTrain) -> Callable[[], object]:
    return partial(app.post_message, message)
