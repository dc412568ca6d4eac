"""Question files: what is read, and how faults are named."""

import hashlib
from pathlib import Path

import pytest

from phi_core.errors import QuestionSetError
from phi_core.evaluation.question_set import (
    DEFAULT_SAMPLING,
    Question,
    QuestionSet,
    read_question_set,
    require_questions,
)

PROJECT = Path(__file__).parents[3]


def read(folder: Path, text: str | bytes) -> QuestionSet:
    path = folder / "questions.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_question_set(path)


def problems(folder: Path, text: str) -> list[str]:
    return [str(problem) for problem in read(folder, text).problems]


def test_the_seeds_list_of_strings_is_a_question_set(tmp_path: Path) -> None:
    found = read(tmp_path, "questions:\n  - What is the capital of France?\n  - 'Why: because?'\n")
    assert found.questions == (
        Question("1", "What is the capital of France?"),
        Question("2", "Why: because?"),
    )
    assert (found.name, found.system, found.sampling, found.problems) == (
        "questions",
        None,
        DEFAULT_SAMPLING,
        (),
    )


def test_a_record_keeps_all_its_fields(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
name: capitals
system: Answer in one sentence.
generation: {temperature: 0.5, top_k: 3}
questions:
  - {id: jp, prompt: "Capital of Japan?", reference: Tokyo, score: exact, tags: [geography, 2024]}
  - {prompt: "Capital of France?", reference: Paris, tags: europe}
""",
    )
    assert found.questions[0] == Question("jp", "Capital of Japan?", "Tokyo", "exact", ("geography", "2024"))
    assert found.questions[1] == Question("2", "Capital of France?", "Paris", "contains", ("europe",))
    assert (found.name, found.system) == ("capitals", "Answer in one sentence.")
    assert found.sampling == DEFAULT_SAMPLING.model_copy(update={"temperature": 0.5, "top_k": 3})


def test_the_default_sampling_is_greedy_and_short() -> None:
    assert (DEFAULT_SAMPLING.temperature, DEFAULT_SAMPLING.max_new_tokens, DEFAULT_SAMPLING.seed) == (
        0,
        64,
        42,
    )


def test_a_bare_list_is_a_question_set(tmp_path: Path) -> None:
    assert [question.prompt for question in read(tmp_path, "- one?\n- two?\n").questions] == ["one?", "two?"]


def test_a_byte_order_mark_is_fine_and_the_fingerprint_is_the_files(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfquestions: [one]"
    assert read(tmp_path, content).fingerprint == hashlib.sha256(content).hexdigest()


def test_a_prompt_is_never_altered(tmp_path: Path) -> None:
    assert (
        read(tmp_path, 'questions: ["  Explain gravity. \\n"]').questions[0].prompt == "  Explain gravity. \n"
    )


def test_scalars_are_taken_as_they_are_written(tmp_path: Path) -> None:
    text = "- {prompt: a, reference: no, id: 007}\n- {prompt: b, reference: 1_0.50, score: regex}\n- {prompt: c, reference: 12:30}\n"
    found = read(tmp_path, text)
    assert [question.reference for question in found.questions] == ["no", "1_0.50", "12:30"]
    assert found.questions[0].id == "007"


BAD = """
questions:
  - good?
  -
  - ""
  - 42
  - [nested]
  - true
  - 2026-01-01
  - {reference: Paris}
  - What: a colon
  - {prompt: 5}
  - {prompt: ok, refrence: Paris}
  - {prompt: ok, reference: Paris, score: containz}
  - {prompt: ok, score: exact}
  - {prompt: ok, reference: "(", score: regex}
  - {prompt: ok, reference: many, score: number}
  - {prompt: ok, id: "1"}
  - {prompt: ok, reference: [a, b]}
  - {prompt: ok, tags: {a: b}}
  - {prompt: "  "}
  - {prompt: ok, id: [1]}
  - last good?
"""

REASONS = [
    "line 4, question 2: is empty",
    "line 5, question 3: is empty",
    "line 6, question 4: must be a text or a record with a prompt, got the number 42",
    "line 7, question 5: must be a text or a record with a prompt, got a list",
    "line 8, question 6: must be a text or a record with a prompt, got true",
    "line 9, question 7: must be a text or a record with a prompt, got the date 2026-01-01",
    "line 10, question 8: has no prompt",
    "line 11, question 9: unknown key 'What'",
    "line 11, question 9: has no prompt",
    "line 12, question 10: prompt must be text, got the number 5",
    "line 13, question 11: unknown key 'refrence'. Did you mean reference?",
    "line 14, question 12: unknown scorer 'containz'. Did you mean contains?",
    "line 15, question 13: scorer exact needs a reference",
    "line 16, question 14: reference '(' is no regular expression",
    "line 17, question 15: reference 'many' holds no number",
    "line 18, question 16: id '1' is already question 1's",
    "line 19, question 17: reference must be text",
    "line 20, question 18: tags must be a list of words",
    "line 21, question 19: prompt is empty",
    "line 22, question 20: id must be text, got a list",
]


def test_every_bad_item_is_named_with_line_position_and_reason(tmp_path: Path) -> None:
    found = problems(tmp_path, BAD)
    assert len(found) == len(REASONS)
    assert [
        problem for problem, reason in zip(found, REASONS, strict=True) if not problem.startswith(reason)
    ] == []


def test_good_items_stay_beside_bad_ones(tmp_path: Path) -> None:
    assert [question.id for question in read(tmp_path, BAD).questions] == ["1", "21"]


def test_bad_options_keep_their_default_and_are_named(tmp_path: Path) -> None:
    text = "generation: {temperature: -1, max_new_tokens: 0, sed: 7, 5: 5}\nquestions: [a]"
    found = read(tmp_path, text)
    assert found.sampling == DEFAULT_SAMPLING
    shown = "\n".join(map(str, found.problems))
    assert "line 1, generation: unknown option 'sed'. Did you mean seed?" in shown
    assert all(
        word in shown for word in ("generation.temperature", "generation.max_new_tokens", "unknown option 5")
    )


def test_bad_settings_of_the_file_are_named(tmp_path: Path) -> None:
    found = problems(tmp_path, "questions: [a]\nsistem: x\nname: [b]\ngeneration: fast\n")
    assert found == [
        "line 2: unknown key 'sistem'. Did you mean system?",
        "line 3: name must be text, got a list",
        "line 4, generation: must be a mapping of options to values, got text",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"questions: []", "is empty"),
        (b"name: x", "holds no list `questions`"),
        (b"questions: one?", "holds no list `questions`"),
        (b"questions: null", "holds no list `questions`"),
        (b"just text", "holds no list `questions`"),
        (b"a: b\nc: [", "line 2 is not YAML"),
        (b"questions: [one?]", "Put quotes around a question within"),
        (b"a: b\nquestions: [\x1b]", "line 2 is not YAML"),
        (b"questions: [a]\n---\nquestions: [b]", "is not YAML"),
        (b"questions:\n- {prompt: a, reference: 2026-13-45}", "is not YAML"),
        (b"questions: [!!python/object:os.system x]", "line 1 is not YAML"),
        (b"ok\n\xff", "line 2 is not UTF-8"),
    ],
)
def test_a_file_that_is_no_question_set_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(QuestionSetError, match=reason):
        read(tmp_path, content)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetError, match="does not exist"):
        read_question_set(tmp_path / "none.yaml")
    with pytest.raises(QuestionSetError, match="cannot be read"):
        read_question_set(tmp_path)


def test_bad_items_are_refused_unless_they_may_be_skipped(tmp_path: Path) -> None:
    found = read(tmp_path, BAD)
    require_questions(found, skip_bad=True)
    with pytest.raises(QuestionSetError, match="20 problems") as caught:
        require_questions(found, skip_bad=False)
    assert caught.value.problems == found.problems


def test_a_set_without_a_good_item_is_always_refused(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetError, match="no usable question"):
        require_questions(read(tmp_path, "questions: [5]"), skip_bad=True)


@pytest.mark.parametrize("name", ["capitals", "arithmetic"])
def test_the_question_sets_of_the_project_are_good(name: str) -> None:
    found = read_question_set(PROJECT / "question_sets" / f"{name}.yaml")
    assert (len(found.questions), found.problems, found.name) == (10, (), name)
    assert all(question.reference for question in found.questions)


def test_the_example_of_the_readme_is_good(tmp_path: Path) -> None:
    readme = (PROJECT / "question_sets" / "README.md").read_text(encoding="utf-8")
    found = read(tmp_path, readme.split("```yaml\n")[1].split("```")[0])
    assert (len(found.questions), found.problems) == (3, ())


def test_a_json_schema_is_written_as_a_mapping_or_as_text(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
- {prompt: a, score: json_schema, reference: {type: object, required: [é]}}
- {prompt: b, score: json_schema, reference: '{"type": "array"}'}
- {prompt: c, score: json}
""",
    )
    assert found.problems == ()
    assert [question.reference for question in found.questions] == [
        '{"type": "object", "required": ["é"]}',
        '{"type": "array"}',
        None,
    ]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("{prompt: a, score: json_schema}", "scorer json_schema needs a reference"),
        ("{prompt: a, score: json_schema, reference: {type: objekt}}", "reference is no JSON schema"),
        ("{prompt: a, score: json_schema, reference: {const: 2026-01-01}}", "only texts, numbers, lists"),
        ("{prompt: a, score: json_schema, reference: {const: .nan}}", "only texts, numbers, lists"),
        ("{prompt: a, score: json_schema, reference: [1]}", "only texts, numbers, lists"),
        ("{prompt: a, score: json_schema, reference: {$ref: 'http://x.org/s'}}", "nothing is fetched"),
        ("{prompt: a, score: json, reference: x}", "scorer json takes no reference"),
        ("{prompt: a, score: length, reference: 5 apples}", "unknown unit 'apples'"),
        ("{prompt: a, reference: {type: object}}", "reference must be text"),
    ],
)
def test_a_reference_that_its_scorer_cannot_use_is_named(tmp_path: Path, item: str, reason: str) -> None:
    (problem,) = problems(tmp_path, f"- {item}\n")
    assert problem.startswith("line 1, question 1: ") and reason in problem
