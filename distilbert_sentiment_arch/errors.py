"""Every failure this package names, in one tree.

    SentimentError
    ├── CheckpointError           the checkpoint cannot be served (start-up, exit code 1)
    │   ├── CheckpointNotFound    no such directory, or the hub cannot be reached
    │   ├── ConfigError           config.json, or a setting of the server
    │   ├── TensorError           the safetensors files
    │   └── VocabularyError       the tokenizer files
    ├── DependencyError           packages are missing in this environment (start-up, exit code 1)
    ├── PortInUse                 a port of the server is somebody else's (start-up, exit code 1)
    ├── CacheError                compiled code that was kept cannot be used; it is compiled again
    ├── CompilerError             the graph does not compile here; MAX's own operations serve
    ├── WordListError             a word list that is not in the documented format
    ├── InputError                the caller's input cannot be classified
    │   ├── BlankInput            there is nothing in it
    │   ├── TooManyTokens         longer than the model reads, and truncation was not asked for
    │   └── TooMuch               more than the operator allows in one request
    │       ├── TooManyInputs
    │       ├── TooManyTokensInRequest
    │       ├── TooManyCharacters
    │       ├── TooManyMatches    terms in the answer of a word list
    │       └── TooManyValues     values in the JSON of a body
    ├── BodyTimeout               the body did not arrive in time
    ├── UnknownModel              the request names a model that is not served here
    ├── Unauthorized              the request carries no API key that is known here
    └── Unavailable               the input is fine, the model cannot answer now
        ├── Overloaded            the queue to the model is full
        ├── DeadlineExceeded      the model did not answer in time
        ├── ModelFailing          the model answered none of the last requests
        ├── NonFiniteLogits       the model answered with NaN or infinity
        └── ModelAbsent           there is no model in this process

A message names the thing, the value and the remedy. What a caller sees of them
on the wire is the business of ``serving.errors``.
"""

from __future__ import annotations

from distilbert_sentiment_arch.messages import one_line


class SentimentError(Exception):
    """Base of every error raised on purpose by this package."""


class CheckpointError(SentimentError):
    """A checkpoint that cannot be served, found before anything compiles.

    Args:
        message: What is wrong with which file, and what to do. Values out of a file may be anything
            and of any length: what is raised is one printable line.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class CheckpointNotFound(CheckpointError):
    """There is no checkpoint where one was asked for."""


class ConfigError(CheckpointError):
    """``config.json`` or a setting is absent, unreadable or not what can be served."""


class TensorError(CheckpointError):
    """The safetensors files are damaged or disagree with ``config.json``."""


class VocabularyError(CheckpointError):
    """The tokenizer files are absent or disagree with the embedding matrix."""


class DependencyError(SentimentError):
    """Packages that are imported here are missing, or installed in a version that does not fit."""


class PortInUse(SentimentError):
    """A port of the server is somebody else's."""


class CacheError(SentimentError):
    """What is in the cache cannot be used: it is damaged, or not for us alone to write."""


class CompilerError(SentimentError):
    """The compiler made no graph of what it was given."""


class WordListError(SentimentError):
    """A word list that cannot be read, or a line of one that is no entry."""


class InputError(SentimentError):
    """An input that cannot be classified.

    Args:
        message: What is wrong with which input, and what to send instead.
        param: The request field at fault, in the caller's own spelling.
    """

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class BlankInput(InputError):
    """An input with nothing to read in it, or no input at all."""


class TooManyTokens(InputError):
    """An input longer than the model's limit, with truncation refused.

    Attributes:
        tokens: Tokens in the input, special tokens included.
        limit: Most tokens the model reads at once, special tokens included.
    """

    def __init__(self, index: int, tokens: int, limit: int) -> None:
        super().__init__(
            f"Input {index} has {tokens} tokens, special tokens included, and the model reads at "
            f"most {limit}. Shorten it, or ask for truncation."
        )
        self.tokens = tokens
        self.limit = limit


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
    """A request whose inputs together take more than the operator computes for one request."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request comes to more than {limit} tokens, the most that this server takes in "
            "one. Split it, or send less text."
        )


class TooManyCharacters(TooMuch):
    """A request whose texts together are longer than the operator allows."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The texts of the request have more than {limit} characters together, the most that "
            "this server takes in one. Split it, or send less text."
        )


class TooManyMatches(TooMuch):
    """A request in whose texts a word list finds more terms than one answer may list."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(
            f"The texts hold {count} terms of the word list and one answer lists at most {limit}. "
            "Split the request."
        )


class TooManyValues(TooMuch):
    """A body of more JSON values than the operator has read."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The body holds more than {limit} JSON values, or longer ones than so many take. "
            "Split the request."
        )


class BodyTimeout(SentimentError):
    """A body that did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The body did not arrive within {seconds:g} seconds. Send it faster.")


class Unauthorized(SentimentError):
    """A request without an API key that is known here."""

    def __init__(self) -> None:
        super().__init__("The API key is missing or unknown. Send Authorization: Bearer <key>.")


class UnknownModel(SentimentError):
    """A request for a model that this server does not serve.

    Args:
        name: What was asked for.
        served: What the caller is told of; empty where it may not know.
    """

    def __init__(self, name: str, served: tuple[str, ...]) -> None:
        names = ", ".join(f"'{model}'" for model in served)
        known = f" Served: {names}." if served else ""
        super().__init__(f"The model '{name[:100]}' is not served here.{known}")


class Unavailable(SentimentError):
    """The model cannot answer now; the same request may succeed later.

    Attributes:
        started: The model may have been asked. Where it has not, the request is as good as new for
            another server.
    """

    started = True


class Overloaded(Unavailable):
    """The queue to the model is full, or the room for bodies is."""

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
    """The model answered none of the last requests, so this one was not sent to it."""

    started = False

    def __init__(self) -> None:
        super().__init__(
            "The model is not answering, so the request was not sent to it. Retry in a while."
        )


class NonFiniteLogits(Unavailable):
    """The model put out NaN or infinity, which is no answer."""

    def __init__(self) -> None:
        super().__init__(
            "The model put out NaN or infinity, so there is no answer. Its weights overflow: "
            "serve another checkpoint."
        )


class ModelAbsent(Unavailable):
    """There are only word lists here, and none of them answers the request."""

    started = False

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The model '{name}' is not up. A word list answers texts in its place, not token ids, "
            "and only where the request lets it. Retry in a while."
        )
