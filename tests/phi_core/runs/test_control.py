"""Requests: each is handed out once, oldest first, whole or not at all."""

import math
from pathlib import Path

import pytest

from phi_core.errors import RunError
from phi_core.runs.control import (
    discard_requests,
    pending_requests,
    remove_request,
    send_request,
    take_requests,
)
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


def test_a_value_goes_with_its_request(layout: RunLayout) -> None:
    send_request(layout, "set_learning_rate", value=3e-5)
    send_request(layout, "extend", steps=20)
    assert [dict(request.values) for request in take_requests(layout)] == [{"value": 3e-5}, {"steps": 20}]


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("set_learning_rate", {}, "takes value, got none"),
        ("set_learning_rate", {"value": 0.0}, "value must be above 0, got 0"),
        ("set_learning_rate", {"value": -1e-4}, "value must be above 0, got -0.0001"),
        ("set_learning_rate", {"value": math.nan}, "value must be a finite number, got nan"),
        ("set_learning_rate", {"value": math.inf}, "value must be a finite number, got inf"),
        ("set_learning_rate", {"value": True}, "value must be a finite number, got True"),
        ("extend", {"steps": 0}, "steps must be above 0, got 0"),
        ("extend", {"steps": 1.5}, "steps must be a whole number up to 10,000,000, got 1.5"),
        ("extend", {"steps": 10**9}, "steps must be a whole number"),
        ("stop", {"steps": 3}, "takes no value, got steps"),
    ],
)
def test_a_bad_value_is_refused_by_the_sender(
    layout: RunLayout, kind: str, values: dict[str, float], said: str
) -> None:
    with pytest.raises(RunError, match=f"{kind}: {said}"):
        send_request(layout, kind, **values)  # type: ignore[arg-type]
    assert not layout.control.exists()


@pytest.mark.parametrize(
    "content",
    ['{"kind": "extend"}', '{"kind": "extend", "steps": "3"}', '{"kind": "set_learning_rate", "value": NaN}'],
)
def test_a_request_with_a_bad_value_is_discarded_by_the_worker(layout: RunLayout, content: str) -> None:
    layout.control.mkdir()
    (layout.control / "000.json").write_text(content)
    assert take_requests(layout) == [] and list(layout.control.iterdir()) == []


def test_only_an_extension_outlives_the_worker_it_was_asked_of(layout: RunLayout) -> None:
    for kind, values in (("stop", {}), ("extend", {"steps": 5}), ("set_learning_rate", {"value": 1.0})):
        send_request(layout, kind, **values)  # type: ignore[arg-type]
    discard_requests(layout)
    assert [request.kind for request in take_requests(layout)] == ["extend"]


def test_a_request_waits_until_it_is_removed(layout: RunLayout) -> None:
    send_request(layout, "extend", steps=5)
    send_request(layout, "extend", steps=5)
    first, second = pending_requests(layout)
    assert first.id != second.id
    remove_request(layout, first)
    assert pending_requests(layout) == [second]
