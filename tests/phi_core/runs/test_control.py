"""Requests: each is handed out once, oldest first, whole or not at all."""

from pathlib import Path

import pytest

from phi_core.runs.control import send_request, take_requests
from phi_core.runs.layout import RunLayout


@pytest.fixture
def layout(tmp_path: Path) -> RunLayout:
    return RunLayout(tmp_path)


def test_requests_come_in_the_order_they_were_made_and_once(layout: RunLayout) -> None:
    for kind in ("checkpoint", "evaluate", "checkpoint", "stop"):
        send_request(layout, kind)  # type: ignore[arg-type]
    assert [request.kind for request in take_requests(layout)] == [
        "checkpoint",
        "evaluate",
        "checkpoint",
        "stop",
    ]
    assert take_requests(layout) == []


def test_a_run_that_nobody_asked_has_no_request(layout: RunLayout) -> None:
    assert take_requests(layout) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "dance"}', "null"])
def test_what_is_no_request_is_discarded(layout: RunLayout, content: str) -> None:
    send_request(layout, "stop")
    (layout.control / "000.json").write_text(content)
    assert [request.kind for request in take_requests(layout)] == ["stop"]
    assert list(layout.control.iterdir()) == []


def test_a_request_being_written_is_not_seen(layout: RunLayout) -> None:
    send_request(layout, "stop")
    (layout.control / ".0001-pause-abcdef").write_text('{"kind": "pause"}')
    assert [request.kind for request in take_requests(layout)] == ["stop"]
