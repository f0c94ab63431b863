"""Exceptions of this package, in one tree.

    SentimentError
    ├── CheckpointError           the checkpoint cannot be served (start-up, exit code 1)
    │   ├── CheckpointNotFound    no such directory, or the hub cannot be reached
    │   ├── ConfigError           config.json, or a setting of the server
    │   ├── TensorError           the safetensors files
    │   └── VocabularyError       the tokenizer files
    ├── DependencyError           packages are missing in this environment (start-up, exit code 1)
    ├── DeviceError               a device was asked for that cannot compute here (exit code 1)
    ├── RecommendError            nothing could be measured, or no setting keeps the bounds
    ├── WarmError                 a model cannot be compiled ahead (`warm`, exit code 1)
    ├── PortInUse                 another process uses a port of the server (start-up, exit code 1)
    ├── CacheError                cached code cannot be used; it is compiled again
    ├── CompilerError             the graph does not compile here; MAX's own operations are used
    ├── WordListError             a word list that is not in the documented format
    ├── InputError                the caller's input cannot be classified
    │   ├── BlankInput            it is empty or white space
    │   ├── TooManyTokens         longer than the model reads, and truncation was not asked for
    │   ├── NoRoomForText         a query or a hypothesis as long as all that the model reads
    │   ├── UnsupportedTask       the model was not trained for what is asked of it
    │   ├── TooManyPasses         an explanation that reads the text more often than is allowed
    │   └── TooMuch               more than the operator allows in one request
    │       ├── TooManyInputs
    │       ├── TooManyTokensInRequest
    │       ├── TooManyCharacters
    │       ├── TooManyMatches    terms of a word list in one response
    │       └── TooManyValues     values in the JSON of a body
    ├── JobError                  a job over a dataset cannot start or go on
    │   ├── OutputError           its output cannot be written, or holds files of others
    │   ├── OutputInUse           another process writes there
    │   ├── JobDiffers            its output holds parts of a job with other options or model
    │   ├── InputChanged          an input file is not the one that finished parts were made of
    │   ├── RowFailed             a row cannot be scored, and the job ends with the first such row
    │   └── RayError              the Ray cluster cannot run the job, or failed
    ├── BodyTimeout               the body did not arrive in time
    ├── UnknownModel              the request names a model that is not served here
    ├── Unauthorized              the request carries no API key that is known here
    └── Unavailable               the input is valid, the model cannot answer now
        ├── Overloaded            the queue to the model is full
        ├── DeadlineExceeded      the model did not answer in time
        ├── ModelFailing          the model answered none of the last requests
        ├── NonFiniteLogits       the model answered with NaN or infinity
        └── ModelAbsent           there is no model in this process

``serving.errors`` maps them to HTTP responses.
"""

from __future__ import annotations

from distilbert_sentiment_arch.messages import one_line


class SentimentError(Exception):
    """Base of every error raised on purpose by this package."""


class CheckpointError(SentimentError):
    """A checkpoint that cannot be served, found before anything compiles.

    Args:
        message: The file, what is wrong with it, and the remedy. It may contain values of a file,
            which are not trusted: the message is shortened to one printable line.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class CheckpointNotFound(CheckpointError):
    """The requested checkpoint does not exist or cannot be downloaded."""


class ConfigError(CheckpointError):
    """``config.json`` or a setting is missing, unreadable, invalid or not supported."""


class TensorError(CheckpointError):
    """The safetensors files are damaged or disagree with ``config.json``."""


class VocabularyError(CheckpointError):
    """The tokenizer files are missing, damaged or do not match the embedding matrix."""


class DependencyError(SentimentError):
    """Required packages are missing, or installed in a version that does not fit."""


class DeviceError(SentimentError):
    """A device that was asked for and that this machine does not have, or that fails on it."""


class RecommendError(SentimentError):
    """A recommendation that cannot be made: nothing ran, or no setting keeps the bounds."""


class WarmError(SentimentError):
    """A model that cannot be compiled ahead: nothing compiles it, or nothing can be kept."""


class PortInUse(SentimentError):
    """Another process uses a port of the server."""


class CacheError(SentimentError):
    """A cached file cannot be used: it is damaged, or other users may write to it."""


class CompilerError(SentimentError):
    """The compiler failed on a graph."""


class WordListError(SentimentError):
    """A word list cannot be read, or one of its lines is not a valid entry."""


class InputError(SentimentError):
    """An input that cannot be classified.

    Args:
        message: The input, what is wrong with it, and what to send instead.
        param: The invalid field of the request, as the caller spelled it.
    """

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class BlankInput(InputError):
    """An input that is empty or white space, or a request without inputs."""


class TooManyTokens(InputError):
    """An input longer than the model's limit, with truncation refused.

    Attributes:
        index: Place of the input in the request.
        tokens: Tokens in the input, special tokens included.
        limit: Most tokens the model reads at once, special tokens included.
    """

    def __init__(self, index: int, tokens: int, limit: int) -> None:
        super().__init__(
            f"Input {index} has {tokens} tokens, special tokens included, and the model reads at "
            f"most {limit}. Shorten it, or ask for truncation."
        )
        self.index = index
        self.tokens = tokens
        self.limit = limit

    def at(self, index: int) -> TooManyTokens:
        """Returns the same error of the input at another place."""
        return TooManyTokens(index, self.tokens, self.limit)


class NoRoomForText(InputError):
    """A pair of which only one text may be cut, while the other one leaves no room for it.

    Attributes:
        index: Place of the pair in the request.
    """

    def __init__(self, index: int, tokens: int, limit: int) -> None:
        super().__init__(
            f"Input {index} has {tokens} tokens beside the text that may be cut, special tokens "
            f"included, and of {limit} none is left for that text. Shorten the other one."
        )
        self.index = index
        self._counts = (tokens, limit)

    def at(self, index: int) -> NoRoomForText:
        """Returns the same error of the pair at another place."""
        return NoRoomForText(index, *self._counts)


class UnsupportedTask(InputError):
    """A request for something that the model was not trained for, such as re-ranking."""


class TooManyPasses(InputError):
    """An explanation that takes more passes over texts than the operator allows.

    Args:
        passes: Passes that it takes.
        limit: What is allowed, in words.
        sentences: Whether sentences in place of words would take fewer.
        budget: Whether a lower budget would do.
    """

    def __init__(self, passes: int, limit: str, *, sentences: bool, budget: bool) -> None:
        remedies = [
            *(["Ask for units=sentence."] if sentences else []),
            *(["Ask for fewer with the option passes."] if budget else []),
            "Send less text: a part of it, or fewer texts in one request.",
        ]
        super().__init__(
            f"The explanation takes {passes} passes over the text; allowed are at most {limit}. "
            + " ".join(remedies),
            param="passes" if budget else "units" if sentences else None,
        )


class TooMuch(InputError):
    """A request beyond one of the operator's limits on a single request."""


class TooManyInputs(TooMuch):
    """A request with more inputs than the operator allows in one request."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(
            f"The request has {count} inputs and this server accepts at most {limit} in one "
            "request. Split it."
        )


class TooManyTokensInRequest(TooMuch):
    """A request whose inputs together have more tokens than the operator allows in one request.

    Attributes:
        limit: Most tokens in one request.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request comes to more than {limit} tokens, the most that this server takes in "
            "one. Split it, or send less text."
        )
        self.limit = limit


class TooManyCharacters(TooMuch):
    """A request whose texts together are longer than the operator allows."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The texts of the request have more than {limit} characters together, the most that "
            "this server takes in one. Split it, or send less text."
        )


class TooManyMatches(TooMuch):
    """A request in whose texts a word list finds more terms than one response may list."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(
            f"The texts hold {count} terms of the word list and one answer lists at most {limit}. "
            "Split the request."
        )


class TooManyValues(TooMuch):
    """A body with more JSON values than the operator allows."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The body holds more than {limit} JSON values, or longer ones than so many take. "
            "Split the request."
        )


class JobError(SentimentError):
    """A job over a dataset that cannot start or go on; running it again continues it."""


class OutputError(JobError):
    """The output of a job cannot be written, or is not that of a job."""


class OutputInUse(JobError):
    """Another process writes to the output of a job."""


class JobDiffers(JobError):
    """The output holds parts of a job with other options, or of another model."""


class InputChanged(JobError):
    """An input file is not the one that the parts of a job were made of."""


class RowFailed(JobError):
    """A row that cannot be scored, in a job that ends with the first such row."""


class RayError(JobError):
    """A Ray cluster that cannot run a job, or that failed in the middle of one."""


class BodyTimeout(SentimentError):
    """A body that did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The body did not arrive within {seconds:g} seconds. Send it faster.")


class Unauthorized(SentimentError):
    """A request without a known API key."""

    def __init__(self) -> None:
        super().__init__("The API key is missing or unknown. Send Authorization: Bearer <key>.")


class UnknownModel(SentimentError):
    """A request for a model that this server does not serve.

    Args:
        name: The requested name.
        served: Names that the message lists; empty if the caller may not see them.
    """

    def __init__(self, name: str, served: tuple[str, ...]) -> None:
        names = ", ".join(f"'{model}'" for model in served)
        known = f" Served: {names}." if served else ""
        super().__init__(f"The model '{name[:100]}' is not served here.{known}")


class Unavailable(SentimentError):
    """The model cannot answer now; the same request may succeed later.

    Attributes:
        started: The request may have reached the model. If not, it can be sent to another server
            without being computed twice.
    """

    started = True


class Overloaded(Unavailable):
    """The queue to the model or the memory for bodies is full."""

    started = False

    def __init__(self, message: str = "The queue to the model is full. Retry in a while.") -> None:
        super().__init__(message)


class DeadlineExceeded(Unavailable):
    """The model did not answer within the deadline of the request."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The model did not answer within {seconds:g} seconds. Retry, or send fewer inputs."
        )


class ModelFailing(Unavailable):
    """The model answered none of the recent requests, so this one was not sent to it."""

    started = False

    def __init__(self) -> None:
        super().__init__(
            "The model is not answering, so the request was not sent to it. Retry in a while."
        )


class NonFiniteLogits(Unavailable):
    """The model returned NaN or infinity."""

    def __init__(self) -> None:
        super().__init__(
            "The model put out NaN or infinity, so there is no answer. Its weights overflow: "
            "serve another checkpoint."
        )


class ModelAbsent(Unavailable):
    """This server has word lists only, and none of them can answer the request."""

    started = False

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The model '{name}' is not up. A word list answers texts in its place, by the labels "
            "of the model, and only where the request lets it. Retry in a while."
        )
