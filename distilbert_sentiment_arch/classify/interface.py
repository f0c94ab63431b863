"""Requests to a classifier and its answers; imports neither MAX, NumPy nor HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from distilbert_sentiment_arch.classify.labels import LabelSet


@dataclass(frozen=True)
class TextPair:
    """Two texts that the model reads as one sequence, [SEP] between them."""

    first: str
    second: str

    def __len__(self) -> int:
        """Characters in both."""
        return len(self.first) + len(self.second)


Input = str | TextPair | Sequence[int]
"""One thing to classify: text, a pair, or the token ids of a text, special tokens included."""

TruncationMode = Literal["start", "end", "window"]
PairPart = Literal["first", "second"]
"""One of the two texts of a pair."""
TRUNCATION_MODES: tuple[TruncationMode, ...] = get_args(TruncationMode)

FallbackPolicy = Literal["off", "overload", "always-available"]
"""When a word list may answer in place of the model; each policy allows what those before it do."""
FALLBACK_POLICIES: tuple[FallbackPolicy, ...] = get_args(FallbackPolicy)

Route = Literal["model", "lexicon"]
Reason = Literal["overloaded", "deadline", "non_finite", "unavailable", "too_long"]
"""Reason for which the fallback answered in place of the model."""


@dataclass(frozen=True)
class Truncation:
    """Permission to cut an input over the limit, or to read it in windows.

    Attributes:
        mode: Cut off the start or the end, or read all of it in overlapping windows.
        limit: Most tokens in one sequence, special tokens included; None for the model's limit.
        only: The text of a pair that is cut while the other stays whole; None cuts the sequence as
            if it were one text.
        text_limit: Most tokens of the text that ``only`` names; None for as many as there is room.
    """

    mode: TruncationMode
    limit: int | None = None
    only: PairPart | None = None
    text_limit: int | None = None


@dataclass(frozen=True)
class Scoring:
    """How a word list is applied.

    Attributes:
        modifiers: English negators, boosters and dampeners change scores.
        neutral_band: Means from ``-neutral_band`` to ``neutral_band`` are neutral.
    """

    modifiers: bool = False
    neutral_band: float = 0.0


@dataclass(frozen=True)
class ClassifyRequest:
    """Inputs to classify together, and options.

    Attributes:
        inputs: At least one.
        truncation: What to do with an input over the limit; None refuses it.
        add_special_tokens: Put [CLS] and [SEP] around texts. Token ids are read as they are.
        fallback: When a word list may answer, if the server allows as much; None for what the
            server allows.
        scoring: How a word list is applied; None for the server's own way.
        background: The model reads it only while nothing else waits.
        blank: Texts may be blank, or have no character that the tokenizer reads; the model then
            reads the special tokens alone.
    """

    inputs: Sequence[Input]
    truncation: Truncation | None = None
    add_special_tokens: bool = True
    fallback: FallbackPolicy | None = None
    scoring: Scoring | None = None
    background: bool = False
    blank: bool = False


@dataclass(frozen=True)
class Contribution:
    """What a part of a text adds to an answer.

    Attributes:
        start: Position of its first character (code point) in the text.
        end: Position after its last character.
        logits: What it adds to the logit of each label.
        scores: What it adds to the score of each label.
    """

    start: int
    end: int
    logits: Sequence[float]
    scores: Sequence[float]


@dataclass(frozen=True)
class Sum:
    """An answer as a sum.

    Attributes:
        logits: Logits of a text to which nothing contributes.
        scores: Its scores.
        contributions: What parts of the text add to them, in the order of the text.
    """

    logits: Sequence[float]
    scores: Sequence[float]
    contributions: Sequence[Contribution]


@dataclass(frozen=True)
class Classification:
    """The answer for one input.

    Attributes:
        labels: The labels of the head, in the order of ``logits``.
        logits: What the model put out, one a label; for several windows their mean, each weighted
            by the tokens that no window before it had.
        tokens: Tokens in the input, special tokens included; for a word list its words.
        tokens_read: Tokens of those that were read.
        windows: Sequences the input was read in.
    """

    labels: LabelSet
    logits: Sequence[float]
    tokens: int
    tokens_read: int
    windows: int = 1

    @property
    def label(self) -> str:
        """The label of the highest logit."""
        return self.labels.best(self.logits)

    @property
    def scores(self) -> Sequence[float]:
        """Probabilities, or the plain values of a regression, one a label."""
        return self.labels.scores(self.logits)

    @property
    def sum(self) -> Sum | None:
        """What parts of the text add to the answer; None where it is no sum, as a model's."""
        return None

    @property
    def whole(self) -> bool:
        """Whether all of the input was read at once."""
        return self.windows == 1 and self.tokens_read == self.tokens


@dataclass(frozen=True)
class Answers:
    """The answers to a request.

    Attributes:
        classifications: In the order of the inputs.
        model: Name of the model or word list that answered.
        route: Which of the two it is.
        stages: Where the time went, in milliseconds. ``tokenize``: text to token ids; ``queue``:
            from handing over the sequence that was answered last to the start of its batch;
            ``compute``: the pass of the graph over that batch. For a word list ``score``.
        batch_sizes: Size of the batch each sequence was in.
        reason: Why the model that was asked did not answer; None where it did.
    """

    classifications: Sequence[Classification]
    model: str
    route: Route
    stages: Mapping[str, float]
    batch_sizes: Sequence[int] = ()
    reason: Reason | None = None


class Classifier(Protocol):
    """A model, a word list, or a model with a word list as its fallback."""

    @property
    def name(self) -> str:
        """Name by which clients ask for it."""

    @property
    def labels(self) -> LabelSet:
        """The labels of its answers."""

    @property
    def max_length(self) -> int | None:
        """Most tokens it reads at once; None for any number."""

    @property
    def route(self) -> Route:
        """What answers while nothing fails: the model or a word list."""

    async def classify(self, request: ClassifyRequest) -> Answers:
        """Answers every input, in order.

        Raises:
            InputError: An input that cannot be classified; nothing has been computed.
            Unavailable: The classifier cannot answer now.
        """
