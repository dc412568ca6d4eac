"""The regression set of the bundled model: the bundled model itself answers every question of it."""

import json
from pathlib import Path

from command_line import phi_process


def test_the_bundled_model_scores_one_on_every_question_of_its_regression_set(tmp_path: Path) -> None:
    done = phi_process(
        *("compare", "--model", "demo", "--questions", "demo_regression", "--out", "out", "--json"),
        folder=tmp_path,
    )
    assert done.status == 0, done.err
    answers = json.loads(done.out)["answers"]
    assert len(answers) >= 20
    assert {answer["id"]: answer["answer"] for answer in answers if answer["score"] != 1.0} == {}
