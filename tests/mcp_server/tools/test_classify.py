"""Tool ``classify`` with the embedded model, over standard input and output."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession
from mcp.types import CallToolResult
from tool_server import ToolClient

REFERENCE = Path(__file__).resolve().parents[2] / "reference" / "hugging_face.json"
LONG = "a good film " * 300
"""A text over the model's limit of 512 tokens."""

slow = pytest.mark.slow


def softmax(logits: list[float]) -> list[float]:
    powers = [math.exp(each) for each in logits]
    return [each / sum(powers) for each in powers]


@slow
def test_answers_are_those_of_hugging_face(model_tools: ToolClient) -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))["answers"]
    for start in range(0, len(reference), 64):
        part = reference[start : start + 64]
        answer = model_tools.answer("classify", texts=[each["text"] for each in part])
        assert (answer["route"], answer["lexicon"]) == ("model", None)
        assert [each["index"] for each in answer["answers"]] == list(range(len(part)))
        for found, expected in zip(answer["answers"], part, strict=True):
            assert list(found["scores"].values()) == pytest.approx(
                softmax(expected["logits"]), abs=1e-4
            )
            assert found["label"] == max(found["scores"], key=found["scores"].__getitem__)


@slow
def test_calls_at_the_same_time_have_their_own_answers(model_tools: ToolClient) -> None:
    texts = [f"The {word} was {how}." for word in "abcdef" for how in ("lovely", "awful")]

    async def all_at_once(session: ClientSession) -> list[CallToolResult]:
        calls = [session.call_tool("classify", {"texts": [text]}) for text in texts]
        return await asyncio.gather(*calls)

    found = [each.structuredContent or {} for each in model_tools.do(all_at_once)]
    together = model_tools.answer("classify", texts=texts)["answers"]
    for alone, expected in zip(found, together, strict=True):
        assert alone["answers"][0]["scores"] == pytest.approx(expected["scores"], abs=1e-5)


@slow
def test_a_long_text_is_refused_cut_or_read_in_windows(model_tools: ToolClient) -> None:
    refused = model_tools.refusal("classify", texts=["ok", LONG], fallback="off")
    assert refused == (
        "Input 1 has 902 tokens, special tokens included, and the model reads at most 512. "
        "Shorten it, or ask for truncation."
    )
    for mode, read in (("end", 512), ("start", 512), ("window", 902)):
        answer = model_tools.answer("classify", texts=[LONG], truncation=mode)["answers"][0]
        note = answer["truncation"]
        assert (note["tokens"], note["tokens_read"]) == (902, read)
        assert (note["windows"] > 1) == (mode == "window")


@slow
def test_a_word_list_answers_what_the_model_cannot_and_says_so(model_tools: ToolClient) -> None:
    answer = model_tools.answer("classify", texts=[LONG])
    assert (answer["model"], answer["route"]) == ("afinn-111", "lexicon")
    assert answer["lexicon"]["reason"] == "too_long"
    assert "no probability" in answer["lexicon"]["scale"]
    assert answer["answers"][0]["label"] == "POSITIVE"


@slow
@pytest.mark.parametrize("method", ["leave_one_out", "owen"])
def test_an_explanation_says_what_each_word_does(model_tools: ToolClient, method: str) -> None:
    text = "What a wonderful film."
    options: dict[str, Any] = {"method": method, "passes": 32} if method == "owen" else {}
    answer = model_tools.answer("classify", texts=[text], explain=options or True)["answers"][0]
    note = answer["explanation"]
    assert [each["text"] for each in note["units"]] == text.split()
    assert note["method"] == method
    positive = [each["probs"][1] for each in note["units"]]
    assert positive.index(max(positive)) == 2
    if method == "owen":
        added = note["base"]["probs"][1] + sum(positive)
        assert added == pytest.approx(answer["scores"]["POSITIVE"], abs=1e-4)


def test_a_word_list_explains_itself(word_list_tools: ToolClient) -> None:
    answer = word_list_tools.answer(
        "classify",
        texts=["not great"],
        explain={"units": "word"},
        lexicon={"modifiers": True, "neutral_band": 0.5},
    )["answers"][0]
    assert answer["label"] == "NEGATIVE"
    assert answer["explanation"]["method"] == "sums"
    plain = word_list_tools.answer("classify", texts=["not great"], lexicon={"modifiers": False})
    assert plain["answers"][0]["label"] == "POSITIVE"
    banded = word_list_tools.answer("classify", texts=["not great"], lexicon={"neutral_band": 5})
    assert banded["answers"][0]["label"] == "NEUTRAL"


def test_an_explanation_beyond_the_limits_is_refused(word_list_tools: ToolClient) -> None:
    message = word_list_tools.refusal("classify", texts=["word " * 3000], explain={"units": "word"})
    assert message.startswith("The explanations come to 18000 numbers")


def test_another_word_list_answers_by_its_name(word_list_tools: ToolClient) -> None:
    answer = word_list_tools.answer("classify", texts=["good"], model="mvp-29")
    assert answer["model"] == "mvp-29"
