"""Reports: complete headers, harmless text, files that are never half written."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES

from phi_core.chat.engine import BaseProof, TokenChange
from phi_core.errors import Problem
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.comparison import Comparison, warnings
from phi_core.evaluation.comparison_tables import difference_table
from phi_core.evaluation.judge import Judgement
from phi_core.evaluation.markdown_report import escaped, fenced
from phi_core.evaluation.overlap import Overlap
from phi_core.evaluation.paired import paired
from phi_core.evaluation.question_set import DEFAULT_SAMPLING, Question, QuestionSet
from phi_core.evaluation.report import write_report
from phi_core.evaluation.statistics import Difference, summarise

HOSTILE = (
    '<script>alert("x")</script> & \x1b[2J\x1b]52;c;aGk=\x07 \x9b31m \u202e ```\n# heading | cell\n````` end'
)


def comparison(text: str = "Paris", error: str | None = None) -> Comparison:
    question = Question("fr", f"France? {text}", text, "contains", (text,))
    questions = QuestionSet(
        text, text, DEFAULT_SAMPLING, (question,), (Problem("line 3", text),), Path("q.yaml"), "f" * 64
    )
    answers = (
        Answer("fr", question.prompt, "base", text, 3, 0.25, "stop", 1.0, -1.5),
        Answer("fr", question.prompt, "tuned", error=error or text),
    )
    info = replace(FakeEngine({"tuned": "x"}).info, model_name=text)
    adapters = {"tuned": Path(f"runs/{text}")}
    return Comparison(questions, answers, info, adapters, "run-7", "2026-01-02 03:04", summarise(answers))


class Votes:
    """People's votes, as far as a report knows them."""

    def __init__(self, *sentences: str) -> None:
        self._sentences = sentences

    def sentences(self) -> tuple[str, ...]:
        return self._sentences

    def as_json(self) -> dict[str, object]:
        return {"said": list(self._sentences)}


def full_comparison(text: str = "Paris", label: str = "tuned") -> Comparison:
    """Everything that a report can hold: answers that differ, overlap, tokens, a judge, votes."""
    subject = comparison(text)
    answers = (
        subject.answers[0],
        Answer("fr", subject.answers[0].prompt, label, f"It is {text} now", 5, 0.5, "stop", 0.0, -3.5, 4),
    )
    changes = tuple(TokenChange(token, -2.0, moved, kl) for token, moved, kl in (
        ("It", 1.0, 3.0), (" is ", -2.1, 0.01), (text, -3.0, 0.4), (" now", -9.0, float("nan"))))  # fmt: skip
    info = replace(subject.info, targets=("base", label), serving={"base": "mixed", label: "separate pass"})
    return replace(
        subject,
        answers=answers,
        info=info,
        adapters={label: Path(f"runs/{text}")},
        summary=summarise(answers, questions=subject.question_set.questions, overlapping={"fr"}),
        overlap=(Overlap("fr", f"{text}:12", "near", 0.9),),
        judgements=(Judgement("fr", label, "tie", "base", "adapter", text),),
        token_changes={("fr", label): changes},
        votes=Votes(f"{label}: voted {text}"),
        strength={label: 1.5},
        judge=f"judge {text}",
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


def texts(folder: Path, subject: Comparison) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in write_report(folder, subject)}


def test_three_files_and_nothing_beside_them(tmp_path: Path) -> None:
    names = [path.name for path in write_report(tmp_path / "new", comparison())]
    assert names == ["report.md", "report.html", "report.json"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)


@pytest.mark.parametrize("name", ["report.md", "report.html", "report.json"])
def test_every_header_says_how_it_was_made(tmp_path: Path, name: str) -> None:
    text = texts(tmp_path, comparison("Kyoto"))[name].replace("\\", "").replace("&#x27;", "'")
    facts = ["Kyoto", "runs/Kyoto", "base proved: logits equal the bare base model's", "temperature 0", "max_new_tokens 64",
             "seed 42", "greedy", "raw (000000000000)", "phi-trainer 0.1.0", "run-7", "2026-01-02 03:04",
             "1 questions, 1 answers, 1 failed, 1 problems", "undecided: only 0 scored questions", "ffffffffffff"]  # fmt: skip
    assert [fact for fact in facts if fact not in text] == []


@pytest.mark.parametrize("name", ["report.md", "report.html"])
def test_a_base_that_is_not_proved_is_warned_of(tmp_path: Path, name: str) -> None:
    subject = comparison()
    subject = replace(subject, info=replace(subject.info, proof=BaseProof(0.5)))
    assert re.search(r"Warning:(\*\*)? base NOT proved", texts(tmp_path, subject)[name])


def test_html_of_hostile_text_has_only_our_tags(tmp_path: Path) -> None:
    ours, theirs = Tags(), Tags()
    ours.feed(texts(tmp_path / "a", comparison())["report.html"])
    theirs.feed(texts(tmp_path / "b", comparison(HOSTILE))["report.html"])
    assert (theirs.names, theirs.attributes) == (ours.names, ours.attributes)
    assert "script" not in theirs.names


@pytest.mark.parametrize(
    "odd", [*MARKUP_STRINGS, *TERMINAL_SEQUENCES, HOSTILE, "</pre></span>", "</style>", "'\" onload=x"]
)
def test_odd_texts_everywhere_add_no_tag_and_no_control_character(tmp_path: Path, odd: str) -> None:
    ours, theirs = Tags(), Tags()
    ours.feed(texts(tmp_path / "a", full_comparison("word"))["report.html"])
    found = texts(tmp_path / "b", full_comparison(odd, label=odd))
    theirs.feed(found["report.html"])
    no_diff = [name for name in theirs.names if name not in ("ins", "del")]
    assert no_diff == [name for name in ours.names if name not in ("ins", "del")]
    assert set(theirs.attributes) == set(ours.attributes)
    for name in ("report.html", "report.md"):
        assert not FORBIDDEN & set(found[name])


@pytest.mark.parametrize("name", ["report.md", "report.html", "report.json"])
def test_every_report_says_all_that_was_found(tmp_path: Path, name: str) -> None:
    text = texts(tmp_path, full_comparison())[name].replace("\\", "").replace("&#x27;", "'")
    facts = ["base: in one batch with the others, tuned: in passes of its own", "quantization none", "tuned at 1.5", "judge Paris", "Paris:12",
             "1 of 1 questions are in the training data", "tuned: voted Paris"]  # fmt: skip
    facts += [] if name == "report.json" else [
        "judge: tuned ties with base (Paris)", "position bias of the judge", "is 90 % like",
        "score 0 (lost), question in the training data", "3 of 4 tokens moved", "By tag", "not in training data"]  # fmt: skip
    assert [fact for fact in facts if fact not in text] == []


def test_html_shows_what_changed_without_speaking_in_colours_only(tmp_path: Path) -> None:
    text = texts(tmp_path, full_comparison())["report.html"]
    assert "<pre><ins>It is </ins>Paris<ins> now</ins></pre>" in text
    assert (
        '<span class="s2 k4">It</span><span> is </span><span class="m1 k2">Paris</span><span class="m2"> now</span>'
        in text
    )
    assert "much likelier with the adapter" in text and "another distribution" in text
    assert "prefers-color-scheme: dark" in text


def test_markdown_shows_what_changed_in_words(tmp_path: Path) -> None:
    text = texts(tmp_path, full_comparison())["report.md"]
    assert "```text\n{+It is +}Paris{+ now+}\n```" in text
    assert "Moved most, in nats: 'now' -7.00, 'It' +3.00" in text.replace("\\", "")


def test_json_has_what_a_program_needs(tmp_path: Path) -> None:
    document = json.loads(texts(tmp_path, full_comparison())["report.json"])
    assert document["overlap"] == [{"id": "fr", "record": "Paris:12", "kind": "near", "likeness": 0.9}]
    assert document["judge"]["judgements"][0]["verdict"] == "tie"
    assert document["judge"]["summary"]["adapters"][0]["paired"]["ties"] == 1
    assert document["votes"] == {"said": ["tuned: voted Paris"]}
    assert document["token_changes"][0]["tokens"][3] == [" now", -2.0, -9.0, None]
    assert document["summary"]["differences"][0]["tags"][0]["tag"] == "Paris"
    assert document["summary"]["differences"][0]["clean"]["scored"] == 0
    assert (
        document["strength"] == {"tuned": 1.5} and document["engine"]["serving"]["tuned"] == "separate pass"
    )


def test_a_verdict_that_hangs_on_learned_questions_is_warned_of() -> None:
    questions = tuple(Question(str(place), "?", "x", "exact") for place in range(20))
    given = [
        Answer(q.id, "?", model, model, 1, 0.1, "stop", float(model == "tuned" and int(q.id) < 8))
        for q in questions
        for model in ("base", "tuned")
    ]
    overlap = tuple(Overlap(str(place), "r", "same", 1.0) for place in range(8))
    subject = replace(
        comparison(),
        question_set=QuestionSet("q", None, DEFAULT_SAMPLING, questions),
        overlap=overlap,
        summary=summarise(given, overlapping=[found.id for found in overlap]),
    )
    assert "tuned: without those questions the verdict is: no difference shown" in warnings(subject)
    (clean,) = [row for row in difference_table(subject.summary).rows if row[1] == "not in training data"]
    assert clean[2] == "no difference shown"


def test_adapters_whose_verdict_changes_alike_are_warned_of_once() -> None:
    many, few = paired([1.0] * 12), paired([0.0] * 3)
    two = [Difference(label, many, "better", "", 0, 12, clean=few) for label in ("one", "other")]
    subject = comparison()
    found = warnings(replace(subject, summary=replace(subject.summary, differences=tuple(two))))
    assert "one, other: without those questions the verdict is: undecided" in found


def test_the_proof_stands_at_the_head_of_the_html(tmp_path: Path) -> None:
    head = texts(tmp_path, comparison())["report.html"].split("<h2>")[0]
    assert "base proved" in head


def test_html_asks_nothing_of_the_network(tmp_path: Path) -> None:
    text = texts(tmp_path, comparison())["report.html"]
    assert not re.search(
        r"https?:|src=|href=|@import|url\(|<script", text.replace("default-src", "").replace("style-src", "")
    )
    assert 'name="viewport"' in text and "@media (min-width" in text


@pytest.mark.parametrize("name", ["report.md", "report.html", "report.json"])
def test_no_report_holds_a_control_character(tmp_path: Path, name: str) -> None:
    text = texts(tmp_path, comparison(HOSTILE))[name]
    allowed = "\x9b\u202e" if name.endswith(("json", "jsonl")) else ""
    assert [char for char in text if char in "\x00\x07\x1b\x7f\x9b\u202e" and char not in allowed] == []


def test_a_fence_is_longer_than_any_in_its_text() -> None:
    lines = fenced(HOSTILE).split("\n")
    assert lines[0] == "``````text" and lines[-1] == "``````"
    assert fenced("plain").startswith("```text\n")


def test_escaped_markdown_is_one_harmless_line() -> None:
    assert escaped("a|b `c`\n# <b>") == "a\\|b \\`c\\` \\# \\<b\\>"


def test_hostile_text_leaves_the_headings_of_markdown_alone(tmp_path: Path) -> None:
    text = texts(tmp_path, comparison(HOSTILE))["report.md"]
    assert [line for line in _outside_fences(text) if line.startswith("## ")] == [
        "## Verdict", "## Scores", "## Against the base", "## Problems in the question file", "## Question fr"]  # fmt: skip


def test_json_holds_every_answer(tmp_path: Path) -> None:
    subject = comparison(HOSTILE)
    document = json.loads(texts(tmp_path, subject)["report.json"])
    assert [Answer(**answer) for answer in document["answers"]] == list(subject.answers)
    assert document["summary"]["differences"][0]["verdict"] == "undecided"


def test_json_has_no_number_that_is_not_finite(tmp_path: Path) -> None:
    subject = comparison()
    subject = replace(subject, info=replace(subject.info, proof=BaseProof(float("nan"))))
    assert json.loads(texts(tmp_path, subject)["report.json"])["engine"]["proof"]["base_difference"] is None


def test_half_a_surrogate_pair_does_not_stop_a_report(tmp_path: Path) -> None:
    found = texts(tmp_path, comparison("half \ud83d"))
    assert all("half \ufffd" in found[name] for name in ("report.md", "report.html"))


def _outside_fences(text: str) -> list[str]:
    lines, fence = [], ""
    for line in text.split("\n"):
        if not fence and line.startswith("```"):
            fence = line.removesuffix("text")
        elif fence:
            fence = "" if line == fence else fence
        else:
            lines.append(line)
    return lines
