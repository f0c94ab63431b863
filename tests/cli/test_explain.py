"""`max-sentiment classify --explain`, run as a command."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from commands import run_python
from explained_texts import by_list, with_changes

from distilbert_sentiment_arch.cli.explain import explanation_as_json
from distilbert_sentiment_arch.serving.dialects.explanation_format import ExplanationNote

TEXT = "A slow start, but what a wonderful film."


def classify(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = ("-m", "distilbert_sentiment_arch.cli", "classify", *arguments)
    return run_python(*command, stdin=stdin)


def listed(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    ended = classify("--model", "afinn-111", "--explain", *arguments, stdin=stdin)
    assert ended.returncode == 0, ended.stderr
    return ended


def test_a_json_line_has_every_field_of_the_http_api() -> None:
    for text, found in (
        (TEXT, by_list(TEXT)),
        ("a b", with_changes("a b", [1.0, -1.0], tokens=4, tokens_read=3, windows=2)),
    ):
        line = json.loads(json.dumps(explanation_as_json(text, found)))
        assert line["explanation"] == ExplanationNote.of(found).model_dump()
        answer = found.classification
        assert line["scores"] == dict(zip(answer.labels.names, answer.scores, strict=True))
        assert line["logits"] == answer.logits
        assert (line["tokens"], line["tokens_read"], line["windows"]) == (
            answer.tokens,
            answer.tokens_read,
            answer.windows,
        )


def test_spans_are_those_of_the_text_as_given() -> None:
    texts = ["Größe 🙂 good!", "naïve  bad"]
    lines = map(
        json.loads, listed("--format", "jsonl", "-", stdin="\n".join(texts)).stdout.splitlines()
    )
    for text, line in zip(texts, lines, strict=True):
        assert line["text"] == text
        for unit in line["explanation"]["units"]:
            assert text[unit["start"] : unit["end"]] == unit["text"]


def test_a_pipe_gets_signs_and_no_colour() -> None:
    shown = listed("A good film.").stdout
    assert "A good[+++] film." in shown
    assert "\x1b" not in shown


def test_a_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert listed("A good film.", "--format", "html", "--output", str(path)).stdout == ""
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith("</html>\n")
    ended = classify("--model", "afinn-111", "--explain", "good", "--output", str(tmp_path))
    assert ended.returncode == 1
    assert "not writable" in ended.stderr
    absent = tmp_path / "no" / "page.html"
    ended = classify("--model", "afinn-111", "--explain", "good", "--output", str(absent))
    assert ended.returncode == 1
    assert "not writable" in ended.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]


def test_a_file_stays_as_it_was_if_an_explanation_fails(tmp_path: Path) -> None:
    path = tmp_path / "page.jsonl"
    path.write_text("before", encoding="utf-8")
    flags = ("--format", "jsonl", "--method", "owen", "--passes", "3", "--output", str(path))
    ended = classify("--model", "afinn-111", "--explain", *flags, "good", "a good film")
    assert ended.returncode == 1
    assert "4 passes or more" in ended.stderr
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]
    listed("good", *flags)
    assert path.read_text(encoding="utf-8").startswith('{"text": "good"')
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["good", "good bad " * 500])
def test_long_texts_are_explained_by_sentence(text: str) -> None:
    (line,) = listed("--format", "jsonl", text).stdout.splitlines()
    assert json.loads(line)["explanation"]["unit"] == ("word" if len(text) < 9 else "sentence")


def test_a_blank_text_is_named_before_any_is_explained() -> None:
    ended = classify("--model", "afinn-111", "--explain", "good", " ")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "Input 1 is blank" in ended.stderr


@pytest.mark.slow
def test_a_model_s_words_are_what_leaving_them_out_changes() -> None:
    words = TEXT.split()
    without = [" ".join([*words[:place], *words[place + 1 :]]) for place in range(len(words))]
    ended = classify("--format", "jsonl", TEXT, *without)
    assert ended.returncode == 0, ended.stderr
    whole, *rest = (json.loads(line)["scores"]["POSITIVE"] for line in ended.stdout.splitlines())
    ended = classify("--explain", "--format", "jsonl", TEXT, "good film. " * 400)
    assert ended.returncode == 0, ended.stderr
    short, long = map(json.loads, ended.stdout.splitlines())
    changes = [unit["probs"][1] for unit in short["explanation"]["units"]]
    assert changes == pytest.approx([whole - score for score in rest], abs=1e-5)
    assert long["tokens_read"] < long["tokens"]
    ended = classify(
        "--explain", "--truncation", "window", "--format", "jsonl", "good film. " * 400
    )
    (line,) = map(json.loads, ended.stdout.splitlines())
    assert line["windows"] > 1
    assert line["tokens_read"] == line["tokens"]
    assert line["explanation"]["unit"] == "sentence"
