"""From a configuration to its samples: which records are trained on, which are held out, and in which shares."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import DataError, ModelError
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.samples.gate import require_open

Plan = Callable[..., RunPlan]


def write(path: Path, count: int, *, name: str = "", **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    name = name or path.stem
    rows = ({"prompt": f"{name} {n}?", "response": f"It is {n}.", **more, "who": n % 4} for n in range(count))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def plan(tiny_phi: Path) -> Plan:
    def made(*paths: Path, **changes: Any) -> RunPlan:
        usual = {"model_name": str(tiny_phi), "dataset_path": [str(path) for path in paths], "epochs": 1}
        return make_plan(checked({**usual, **changes}))

    return made


def lines(plan: RunPlan, side: str) -> list[tuple[str, int]]:
    """(file, line) of the records of one side."""
    samples = getattr(plan, side)
    places = (plan.data.prepared.place(record) for record in samples.records)
    return [(Path(place).name, line) for place, line in places]


def test_a_folder_s_own_validation_file_is_used_and_its_training_file_is_not_split(
    plan: Plan, tmp_path: Path
) -> None:
    write(tmp_path / "set" / "train.jsonl", 10)
    write(tmp_path / "set" / "valid.jsonl", 3)
    made = plan(tmp_path / "set")
    assert {name for name, _ in lines(made, "train")} == {"train.jsonl"} and made.num_train_records == 10
    assert {name for name, _ in lines(made, "validation")} == {
        "valid.jsonl"
    } and made.num_validation_records == 3


def test_beside_a_folder_with_validation_other_sources_are_split(plan: Plan, tmp_path: Path) -> None:
    write(tmp_path / "set" / "train.jsonl", 10)
    write(tmp_path / "set" / "validation.jsonl", 3)
    made = plan(tmp_path / "set", write(tmp_path / "more.jsonl", 20))
    held_out = [name for name, _ in lines(made, "validation")]
    assert sorted(set(held_out)) == ["more.jsonl", "validation.jsonl"]
    assert held_out.count("more.jsonl") == 2 and made.num_train_records == 28


def test_validation_path_replaces_every_split(plan: Plan, tmp_path: Path) -> None:
    first, held = write(tmp_path / "a.jsonl", 10), write(tmp_path / "held.jsonl", 4)
    made = plan(first, validation_path=str(held))
    assert (made.num_train_records, made.num_validation_records) == (10, 4)
    assert made.data.labels == ("a", "held") and set(made.validation.sources) == {1}


def test_the_golden_split_and_a_count_of_records(plan: Plan, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", 100)
    golden = plan(path, validation_fraction="golden")
    assert (golden.num_train_records, golden.num_validation_records) == (61, 39)
    counted = plan(path, validation_records=7)
    assert (counted.num_train_records, counted.num_validation_records) == (93, 7)


def test_every_source_gives_its_share_to_validation(plan: Plan, tmp_path: Path) -> None:
    made = plan(write(tmp_path / "a.jsonl", 40), write(tmp_path / "b.jsonl", 20))
    assert [list(made.validation.sources).count(source) for source in (0, 1)] == [4, 2]


def test_groups_stay_on_one_side(plan: Plan, tmp_path: Path) -> None:
    made = plan(write(tmp_path / "a.jsonl", 40), group_by="who", validation_fraction=0.25)
    sides = ({(line - 1) % 4 for _, line in lines(made, side)} for side in ("train", "validation"))
    assert not set.intersection(*sides)


def test_records_of_the_same_content_stay_on_one_side(plan: Plan, tmp_path: Path) -> None:
    one, copy = write(tmp_path / "a.jsonl", 30, name="same"), write(tmp_path / "b.jsonl", 30, name="same")
    made = plan(one, copy, validation_fraction=0.2)
    assert {line for _, line in lines(made, "train")}.isdisjoint(
        line for _, line in lines(made, "validation")
    )


def test_validation_that_is_trained_on_stops_the_launch_until_it_is_accepted(
    plan: Plan, tmp_path: Path
) -> None:
    path, held = write(tmp_path / "a.jsonl", 10, name="same"), write(tmp_path / "b.jsonl", 4, name="same")
    made = plan(path, validation_path=str(held))
    with pytest.raises(DataError, match="4 of 4 validation records are also trained on"):
        require_open(made.gate)
    accepted = plan(path, validation_path=str(held), accept="overlap")
    require_open(accepted.gate)
    assert accepted.facts()["accepted"] == [
        {"name": "overlap", "what": "4 of 4 validation records are also trained on"}
    ]


@pytest.mark.parametrize(
    ("mixture", "shares"),
    [("golden", (0.618, 0.382)), ("weighted", (0.25, 0.75)), ("proportional", (None, None))],
)
def test_a_mixture_plans_the_declared_shares(
    plan: Plan, tmp_path: Path, mixture: str, shares: Sequence[float | None]
) -> None:
    paths = write(tmp_path / "large.jsonl", 90), write(tmp_path / "small.jsonl", 10)
    weights = {"mixture_weights": "1,3"} if mixture == "weighted" else {}
    made = plan(*paths, mixture=mixture, epochs=10, **weights)
    for found, declared in zip(made.source_shares, shares, strict=True):
        assert found.declared is not None and found.share == pytest.approx(found.declared, abs=0.02)
        assert declared is None or found.declared == pytest.approx(declared, abs=1e-3)
    drawn = sum(share.tokens_drawn for share in made.source_shares)
    assert drawn == made.num_tokens >= 10 * made.train.num_tokens


def test_sequential_takes_one_source_after_the_other(plan: Plan, tmp_path: Path) -> None:
    paths = write(tmp_path / "large.jsonl", 30), write(tmp_path / "small.jsonl", 10)
    made = plan(*paths, mixture="sequential", batch_size=1, gradient_accumulation_steps=1)
    order = [made.train.sources[sample] for sample in made.steps.order]
    assert order == sorted(order) and set(order) == {0, 1}


def test_a_source_that_trains_nothing_is_refused_where_it_has_a_share(plan: Plan, tmp_path: Path) -> None:
    long = tmp_path / "long.jsonl"
    long.write_text(json.dumps({"prompt": "x" * 400, "response": "y"}) + "\n")
    with pytest.raises(DataError, match="source long has nothing to train on"):
        plan(write(tmp_path / "a.jsonl", 30), long, mixture="golden", max_length=40, validation_fraction=0)


def test_large_data_is_not_prepared_by_the_way(plan: Plan, tmp_path: Path, tiny_phi: Path) -> None:
    config: TrainingConfig = plan(write(tmp_path / "other.jsonl", 30)).config
    path = write(tmp_path / "a.jsonl", 30, name=str(tmp_path))
    config = config.model_copy(update={"dataset_path": (str(path),)})
    with pytest.raises(DataError, match="is not prepared yet"):
        make_plan(config, large_bytes=100)
    assert make_plan(config).num_train_records == 27
    assert make_plan(config, large_bytes=100).num_train_records == 27


def test_a_template_of_the_user_s_own_is_used_and_recorded(plan: Plan, tmp_path: Path) -> None:
    template = tmp_path / "own.jinja"
    template.write_text("{% for m in messages %}[{{ m.role }}] {{ m.content }}{{ eos_token }}\n{% endfor %}"
                        "{% if add_generation_prompt %}[assistant] {% endif %}")  # fmt: skip
    made = plan(write(tmp_path / "a.jsonl", 5), prompt_template=str(template))
    assert made.facts()["prompt_format"] == "jinja"
    assert made.train.num_stops == made.num_train_records


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ messages | length }} {% for m in messages %}{{ m.content }}{% endfor %}", "not prefix-stable"),
        ("{% for m in messages %}", "broken"),
        ("{{ raise_exception('never') }}", "never"),
        ("hello", "leaves out what the user says"),
        ("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}", "what the assistant says"),
    ],
)
def test_a_template_that_cannot_serve_is_refused_before_data_is_read(
    plan: Plan, tmp_path: Path, template: str, said: str
) -> None:
    own = tmp_path / "own.jinja"
    own.write_text(template)
    with pytest.raises(ModelError, match=said):
        plan(write(tmp_path / "a.jsonl", 5), prompt_template=str(own))


def test_a_record_that_a_template_refuses_is_named(plan: Plan, tmp_path: Path) -> None:
    own = tmp_path / "own.jinja"
    own.write_text(
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system here') }}{% endif %}"
        "{{ m.content }}{{ eos_token }}{% endfor %}"
    )
    path = tmp_path / "chats.jsonl"
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy"}]
    rows = [turns, turns, [{"role": "system", "content": "Be brief"}, *turns]]
    path.write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    with pytest.raises(DataError, match=r"chats\.jsonl line 3: .*no system here"):
        plan(path, prompt_template=str(own))


def test_what_belongs_to_a_source_that_is_trained_on_whole_is_not_held_out(
    plan: Plan, tmp_path: Path
) -> None:
    """A folder brings its own validation data, so all its records are trained on: copies of them elsewhere too."""
    write(tmp_path / "set" / "train.jsonl", 40, name="same")
    write(tmp_path / "set" / "val.jsonl", 3, name="other")
    copy = write(tmp_path / "copy.jsonl", 60, name="same")
    made = plan(tmp_path / "set", copy, validation_fraction=0.25)
    held_out = [line for name, line in lines(made, "validation") if name == "copy.jsonl"]
    assert held_out and min(held_out) > 40 and made.gate == ()


def test_a_group_on_both_sides_of_given_validation_data_stops_the_launch(plan: Plan, tmp_path: Path) -> None:
    path, held = write(tmp_path / "a.jsonl", 8), write(tmp_path / "b.jsonl", 2)
    assert plan(path, validation_path=str(held)).gate == ()
    grouped = plan(path, validation_path=str(held), group_by="who")
    assert [finding.name for finding in grouped.gate] == ["overlap"]
    assert "2 of 2 validation records" in grouped.gate[0].what


def test_a_validation_side_with_nothing_to_measure_is_not_evaluated(plan: Plan, tmp_path: Path) -> None:
    held = tmp_path / "held.jsonl"
    held.write_text(json.dumps({"prompt": "x" * 400, "response": "y"}) + "\n")
    made = plan(write(tmp_path / "a.jsonl", 30), validation_path=str(held), max_length=60, truncation="drop")
    assert made.validation.num_given == 1 and made.num_validation_records == 0 and made.evaluation_steps == ()


def test_a_column_map_leaves_sources_alone_that_have_the_fields_themselves(
    plan: Plan, tmp_path: Path
) -> None:
    other = tmp_path / "qa.jsonl"
    other.write_text(
        "".join(json.dumps({"q": f"what {n}?", "best": f"It is {n}."}) + "\n" for n in range(10))
    )
    made = plan(
        write(tmp_path / "a.jsonl", 10), other, columns="prompt=q,response=best", validation_fraction=0
    )
    assert [list(made.train.sources).count(source) for source in (0, 1)] == [10, 10]


def test_validation_data_needs_no_group_column(plan: Plan, tmp_path: Path) -> None:
    held = tmp_path / "held.jsonl"
    held.write_text(json.dumps({"prompt": "a", "response": "b"}) + "\n")
    assert plan(write(tmp_path / "a.jsonl", 8), validation_path=str(held), group_by="who").gate == ()
