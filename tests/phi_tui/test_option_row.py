"""The line under an option: it is there whenever it is told, also while the row is only just being made."""

import asyncio

import pytest
from textual.app import App
from textual.widgets import Static

from phi_core.config.problems import SPECS
from phi_tui.widgets.option_form import OptionRow

STAGES = 12
"""More turns of the loop than making a row takes."""


@pytest.mark.parametrize("turns", range(STAGES))
async def test_a_warning_told_while_the_row_is_made_is_shown(turns: int) -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        row = OptionRow(SPECS["learning_rate"], "0.002")
        row.show(is_changed=True, problem="", warning="")
        made = app.mount(row)
        for _ in range(turns):
            await asyncio.sleep(0)
        row.show(is_changed=True, problem="", warning="0.002 is unusual")
        await made
        await pilot.pause()
        assert [str(line.render()) for line in row.query(Static).filter(".option-problem")] == [
            "0.002 is unusual"
        ]
