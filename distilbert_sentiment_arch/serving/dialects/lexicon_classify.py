"""``POST /v1/lexicon/classify``: scores of a word list, with the position of every match.

A format of this project. Positions count characters (Unicode code points) of the text as sent.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Literal

from pydantic import ConfigDict, Field, StrictBool

from distilbert_sentiment_arch.classify.interface import Scoring
from distilbert_sentiment_arch.errors import TooManyMatches, UnknownModel
from distilbert_sentiment_arch.lexicon.lexicon_classifier import (
    LexiconClassification,
    LexiconClassifier,
)
from distilbert_sentiment_arch.lexicon.word_list import HIGHEST
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.dialects.openai_input import OpenAIInput
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import WireModel, WireText
from distilbert_sentiment_arch.worker_threads import in_thread

endpoints = Endpoints(OPENAI, "lexicon")

_THREAD_MATCHES = 2048
"""Number of matches from which the response is made in a thread; it takes about 3 ms."""


class LexiconBody(WireModel):
    """Texts to score, and options."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"input": "The cast is great, the plot is not good."}]}
    )

    model: WireText | None = Field(
        default=None, description="A word list that GET /v1/models lists; the first by default."
    )
    input: OpenAIInput
    modifiers: StrictBool | None = Field(
        default=None, description="English negators, boosters and dampeners change scores."
    )
    neutral_band: float | None = Field(
        default=None, ge=0, le=HIGHEST, description="Means this close to 0 are NEUTRAL."
    )


class LexiconMatch(WireModel):
    """A term of the list in the text."""

    term: str
    score: float
    start: int
    end: int


class LexiconDatum(WireModel):
    """The answer for one text: ``mean`` is ``sum / words``, and its sign determines the label."""

    index: int
    label: Literal["NEGATIVE", "NEUTRAL", "POSITIVE"]
    sum: float
    mean: float
    words: int
    matches: list[LexiconMatch]


class LexiconResponse(WireModel):
    """Answers, in the order of the inputs."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    language: str
    modifiers: bool
    neutral_band: float
    data: list[LexiconDatum]


@endpoints.post("/v1/lexicon/classify", LexiconBody, LexiconResponse)
async def classify(call: Call, body: LexiconBody) -> LexiconResponse:
    """Scores texts with a word list, and lists the matching words."""
    lexicon = _lexicon(call.app, body.model)
    scoring = Scoring(
        modifiers=lexicon.scoring.modifiers if body.modifiers is None else body.modifiers,
        neutral_band=(
            lexicon.scoring.neutral_band if body.neutral_band is None else body.neutral_band
        ),
    )
    answers = await call.classify(lexicon.name, body.input, scoring=scoring)
    found = [each for each in answers.classifications if isinstance(each, LexiconClassification)]
    matches = sum(len(each.score.matches) for each in found)
    if matches > call.app.limits.max_matches:
        raise TooManyMatches(matches, call.app.limits.max_matches)
    data = _data(found) if matches < _THREAD_MATCHES else await in_thread(matches, _data, found)
    return LexiconResponse(
        id=f"lexicon-{uuid.uuid4().hex}",
        created=int(time.time()),
        model=answers.model,
        language=lexicon.word_list.language,
        modifiers=scoring.modifiers,
        neutral_band=scoring.neutral_band,
        data=data,
    )


def _lexicon(app: Application, name: str | None) -> LexiconClassifier:
    if not name:
        return app.lexicons[0]
    for each in app.lexicons:
        if each.name == name:
            return each
    raise UnknownModel(name, tuple(each.name for each in app.lexicons))


def _data(found: Sequence[LexiconClassification]) -> list[LexiconDatum]:
    return [_datum(index, answer) for index, answer in enumerate(found)]


def _datum(index: int, answer: LexiconClassification) -> LexiconDatum:
    found = answer.score
    return LexiconDatum(
        index=index,
        label=found.label(answer.neutral_band),
        sum=found.sum,
        mean=found.mean,
        words=found.words,
        matches=[
            LexiconMatch(term=each.term, score=each.score, start=each.start, end=each.end)
            for each in found.matches
        ],
    )
