"""The file of a run's records holds them in the run's order, each as often as the run takes it, as they stood."""

import json
from pathlib import Path

import pytest

from phi_core.config.problems import checked
from phi_core.errors import DataError
from phi_core.planning.order_file import write_order
from phi_core.planning.run_plan import make_plan


def test_the_rows_are_those_of_the_plan_in_its_order(tmp_path: Path, tiny_phi: Path) -> None:
    rows = [{"prompt": f"{n}?", "response": f"It is {n} é\ud83d", "n": n} for n in range(20)]
    rows = [{**row, "response": row["response"].replace("\ud83d", "")} for row in rows]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows[:12]) + '\n{"broken": 1}\n')
    (tmp_path / "b.csv").write_text(
        "prompt,response,n\n" + "".join(f'{n}?,"It is\n{n}",{n}\n' for n in range(12, 20)), encoding="utf-8"
    )
    config = checked(
        {
            "model_name": str(tiny_phi),
            "dataset_path": [str(tmp_path / "a.jsonl"), str(tmp_path / "b.csv")],
            "mixture": "golden",
            "on_bad_record": "skip",
            "epochs": 3,
        }
    )
    plan = make_plan(config)
    count = write_order(plan, tmp_path / "mixed.jsonl")
    written = [json.loads(line) for line in (tmp_path / "mixed.jsonl").read_text().splitlines()]
    places = [plan.data.prepared.place(plan.train.records[sample]) for sample in plan.steps.order]
    expected = [line - 1 if name.endswith("a.jsonl") else 12 + (line - 2) // 2 for name, line in places]
    assert [int(row["n"]) for row in written] == expected and count == len(expected)
    assert written[0]["response"].startswith("It is")


def test_a_file_is_not_replaced_without_a_word(tmp_path: Path, tiny_phi: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"{n}?", "response": "x"}) + "\n" for n in range(4)))
    plan = make_plan(checked({"model_name": str(tiny_phi), "dataset_path": str(path), "epochs": 1}))
    (tmp_path / "out.jsonl").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        write_order(plan, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "mine"
    assert write_order(plan, tmp_path / "out.jsonl", overwrite=True) == 3


@pytest.mark.parametrize("count", [2, 4, 9])
def test_files_that_changed_since_they_were_prepared_are_refused(
    tmp_path: Path, tiny_phi: Path, count: int
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"{n}?", "response": "x"}) + "\n" for n in range(4)))
    plan = make_plan(checked({"model_name": str(tiny_phi), "dataset_path": str(path), "epochs": 1}))
    path.write_text(
        "".join(json.dumps({"prompt": f"new {n}?", "response": "x"}) + "\n" for n in range(count))
    )
    with pytest.raises(DataError, match="has changed since it was prepared"):
        write_order(plan, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
