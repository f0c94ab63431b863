"""Test of a tokenizer with a few texts whose token ids are known.

A tokenizer that adds no [CLS] and [SEP] (or <s> and </s>), or that does not find the words of its
own vocabulary, raises no error but makes every result wrong. The functions take a
``tokenizers.Tokenizer`` and do not import the library.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from string import ascii_lowercase, ascii_uppercase
from typing import Any, TypeVar

from distilbert_sentiment_arch.errors import VocabularyError
from distilbert_sentiment_arch.messages import shown

REMEDY = "Put the tokenizer files of this checkpoint beside it."

_WORDS = 32
_CANDIDATES = 1000
_LONGEST_WORD = 20

# Characters that hardly any vocabulary contains: each has to become [UNK] or a token.
_RARE = "\u3402 \u9fa5 \ua500"

# What stands for the space before a word.
_SPACES = {"BPE": "\u0120", "Unigram": "\u2581"}

Result = TypeVar("Result")


def call_checked(source: object, call: Callable[..., Result], *arguments: Any) -> Result:
    """Calls a function of the ``tokenizers`` library and returns its result.

    Raises:
        VocabularyError: The function failed, or its Rust code panicked.
    """
    try:
        return call(*arguments)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # pyo3's PanicException is not a subclass of Exception. MAX raises with the reason as cause.
        reason = error.__cause__ or error
        raise VocabularyError(
            f"{source}: no tokenizer that can be used ({type(reason).__name__}: {reason}). {REMEDY}"
        ) from None


def check_encodings(
    tokenizer: Any, cls: int | None, sep: int | None, unk: int | None, rows: int, source: object
) -> None:
    """Checks that texts are encoded as the model expects.

    Args:
        tokenizer: A ``tokenizers.Tokenizer`` that neither pads nor truncates.
        cls: Id of the token before a text, [CLS] or <s>; None if there is none.
        sep: Id of the token behind it, [SEP] or </s>.
        unk: Id of the token for what is unknown, [UNK] or <unk>. Byte pairs need none.
        rows: Rows of the embedding matrix.
        source: The file or checkpoint, for messages.

    Raises:
        VocabularyError: A special token is missing, shares its id with another or has no embedding;
            an empty text is not encoded as [CLS] [SEP], or an empty pair not as [CLS] [SEP] [SEP]
            or [CLS] [SEP] [SEP] [SEP]; words of the vocabulary do not get their own ids; or every
            capital letter is unknown to WordPiece.
    """
    kind = type(tokenizer.model).__name__
    special = {"[CLS]": cls, "[SEP]": sep}
    if unk is not None or kind != "BPE":
        special["[UNK]"] = unk
    for name, token in special.items():
        if token is None or not 0 <= token < rows:
            has = "there is none" if token is None else f"its id is {token}"
            raise VocabularyError(
                f"{source}: the tokenizer needs a token for {name} within the {rows} rows of the "
                f"embedding, and {has}. {REMEDY}"
            )
    if len(set(special.values())) < len(special):
        ids = ", ".join(map(str, special.values()))
        raise VocabularyError(
            f"{source}: {', '.join(special)} have the ids {ids}; they must differ. {REMEDY}"
        )
    _check_template(tokenizer, cls, sep, source)
    call_checked(source, tokenizer.encode, _RARE)
    if kind == "WordPiece":
        _check_words(tokenizer, cls, sep, source)
        _check_capitals(tokenizer, unk, source)
    else:
        _check_most_words(tokenizer, _SPACES[kind], source)


def _check_template(tokenizer: Any, cls: int | None, sep: int | None, source: object) -> None:
    pairs = ([cls, sep, sep], [cls, sep, sep, sep])
    for what, texts, expected in (("text", ("",), ([cls, sep],)), ("pair", ("", ""), pairs)):
        found = call_checked(source, tokenizer.encode, *texts).ids
        if found not in expected:
            raise VocabularyError(
                f"{source}: the tokenizer makes {shown(found)} of an empty {what}, and the model "
                f"was trained with {' or '.join(map(str, expected))}: [CLS] in front and [SEP] "
                "behind each text. Restore the post-processor: save the tokenizer again with "
                "transformers."
            )


def _check_words(tokenizer: Any, cls: int | None, sep: int | None, source: object) -> None:
    """Checks that WordPiece finds words of its vocabulary whole."""
    words = _words(tokenizer, "")
    expected = [cls, *words.values(), sep]
    found = call_checked(source, tokenizer.encode, " ".join(words)).ids
    if found != expected:
        raise VocabularyError(
            f"{source}: the tokenizer makes {shown(found)} of {shown(' '.join(words))}, words of "
            f"its vocabulary with the ids {shown(expected)}. {REMEDY}"
        )


def _check_most_words(tokenizer: Any, space: str, source: object) -> None:
    """Checks that half of some words of the vocabulary are found whole.

    Byte pairs and scores may prefer parts of a word. With merges or scores of another vocabulary
    hardly any word is found.
    """
    words = _words(tokenizer, space)
    text = "".join(f" {word}" for word in words)
    found = call_checked(source, tokenizer.encode, text).ids
    whole = len(set(words.values()) & set(found))
    if 2 * whole < len(words):
        raise VocabularyError(
            f"{source}: the tokenizer makes {shown(found)} of {shown(text)}, words of its "
            f"vocabulary, of which it finds {whole}. {REMEDY}"
        )


def _words(tokenizer: Any, space: str) -> dict[str, int]:
    """Returns some words of a vocabulary and their ids, without what stands for a space before."""
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    # In the order of the ids: the whole vocabulary of XLM-RoBERTa takes a second to list.
    tokens = map(tokenizer.id_to_token, range(tokenizer.get_vocab_size()))
    plain = (
        (token.removeprefix(space), place)
        for place, token in enumerate(tokens)
        if token is not None and token.startswith(space)
    )
    fitting = (
        (word, place)
        for word, place in plain
        if word.isascii() and word.isalpha() and word.islower() and len(word) <= _LONGEST_WORD
    )
    # Added tokens are found inside words as well, so words that contain one are left out.
    whole = (
        (word, place)
        for word, place in islice(fitting, _CANDIDATES)
        if not any(token in word for token in added)
    )
    return dict(islice(whole, _WORDS))


def _check_capitals(tokenizer: Any, unk: int | None, source: object) -> None:
    inner = slice(1, -1)
    capitals = call_checked(source, tokenizer.encode, " ".join(ascii_uppercase)).ids[inner]
    letters = call_checked(source, tokenizer.encode, " ".join(ascii_lowercase)).ids[inner]
    if set(capitals) == {unk} != set(letters):
        raise VocabularyError(
            f"{source}: every capital letter is unknown to the tokenizer. The vocabulary is of "
            "small letters: set do_lower_case to true in tokenizer_config.json."
        )
