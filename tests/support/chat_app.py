"""The Chat tab in a small app, and saying something in it until the answer has ended."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot
from view_app import ViewApp, finished_run, wait_until

from phi_core.chat.engine import Engine
from phi_tui.engine_choice import ModelChoice
from phi_tui.views.chat import ChatView
from phi_tui.widgets.chat_prompt import ChatPrompt

TALK = {"base": "I am the base.", "run-1": "Arr, I be the adapter."}


@asynccontextmanager
async def chatting(
    here: Path,
    factory: Callable[[ModelChoice], Engine] | Engine,
    *,
    runs: int = 1,
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[tuple[ViewApp, ChatView, Pilot[None]]]:
    for number in range(1, runs + 1):
        finished_run(here / "runs", f"run-{number}", created=float(number))
    view = ChatView(id="chat")
    app = ViewApp(view, factory if callable(factory) else lambda choice: factory, here / "runs")
    async with app.run_test(size=size) as pilot:
        view.enter()
        if runs:
            await wait_until(lambda: app.host.choice is not None, pilot)
        yield app, view, pilot


async def say(view: ChatView, pilot: Pilot[None], text: str) -> None:
    view.query_one(ChatPrompt).load_text(text)
    await pilot.press("enter")


async def said(view: ChatView, pilot: Pilot[None], text: str) -> None:
    await say(view, pilot, text)
    await wait_until(
        lambda: (
            bool(view.session.turns)
            and view.session.turns[-1].prompt == text
            and not view.session.is_answering
        ),
        pilot,
    )
    await pilot.pause()
