"""``POST /v1/decisions``: OpenAI's classification call, ``client.decisions.create``.

Source: the types of openai-python 3.51, ``openai/types/decision*.py``. An encoder cannot read
instructions. A choice is answered if its values are labels of this model, and a predicate if its
name is one. A model of natural language inference answers a choice among other values, too: by
entailment, and the answer says so. Any other question gets a refusal.
"""

from __future__ import annotations

from distilbert_sentiment_arch.classify.interface import Answers
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.decision_entailment import (
    choices_by_entailment,
    decide_by_entailment,
)
from distilbert_sentiment_arch.serving.dialects.decision_format import (
    DecisionBody,
    DecisionResponse,
    DecisionUsage,
    ExplainedDecisionResponse,
)
from distilbert_sentiment_arch.serving.dialects.decision_labels import answer_by_labels, rows_of
from distilbert_sentiment_arch.serving.dialects.explanation_format import explanation_notes
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.dialects.our_fields import TruncationNote, origin
from distilbert_sentiment_arch.serving.endpoint import Endpoints

endpoints = Endpoints(OPENAI, "decisions")


@endpoints.post("/v1/decisions", DecisionBody, DecisionResponse | ExplainedDecisionResponse)
async def decide(call: Call, body: DecisionBody) -> DecisionResponse:
    """Answers what this model's labels can answer, or its entailment, and refuses the rest."""
    classifier = call.app.classifier(body.model)
    entailed = choices_by_entailment(body, classifier)
    if entailed:
        if body.explain is not None:
            raise InputError(
                "A choice among other values than labels of the model is answered by entailment, "
                "which is not explained. Leave explain out.",
                param="explain",
            )
        return await decide_by_entailment(call, body, entailed)
    if body.explain is not None:
        found = await call.explain(
            body.model,
            [body.input],
            body.explain.to_options(),
            truncation=body.to_truncation(),
            fallback=body.fallback,
            field="explain",
        )
        (explanation,) = await explanation_notes(found)
        return ExplainedDecisionResponse(
            **dict(_response(body, found.answers, found.tokens)),
            explanation=explanation,
        )
    answers = await call.classify(
        body.model, [body.input], truncation=body.to_truncation(), fallback=body.fallback
    )
    return _response(body, answers, answers.classifications[0].tokens_read)


def _response(body: DecisionBody, answers: Answers, tokens: int) -> DecisionResponse:
    (answer,) = answers.classifications
    rows = rows_of(answer.labels)
    return DecisionResponse(
        **dict(origin(answers)),
        model=answers.model,
        answers=[answer_by_labels(question, answer, rows) for question in body.questions],
        usage=DecisionUsage(input_tokens=tokens, total_tokens=tokens),
        truncation=TruncationNote.of(answer),
    )
