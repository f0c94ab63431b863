"""What a tokenizer makes of a few texts, held against what the model was trained on.

A tokenizer without [CLS] and [SEP], or one that knows no word of its own vocabulary, raises
nothing: it shifts every answer. Takes a ``tokenizers.Tokenizer`` whoever built it, and imports
nothing.
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

# Ideographs and a letter that hardly any vocabulary has: each is [UNK] or a token.
_RARE = "\u3402 \u9fa5 \ua500"

Answer = TypeVar("Answer")


def called(source: object, call: Callable[..., Answer], *arguments: Any) -> Answer:
    """Returns what a function of ``tokenizers`` returns.

    Raises:
        VocabularyError: It failed, or its Rust code panicked.
    """
    try:
        return call(*arguments)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # pyo3's PanicException is no Exception. What MAX raises has its reason as the cause.
        reason = error.__cause__ or error
        raise VocabularyError(
            f"{source}: no tokenizer that can be used ({type(reason).__name__}: {reason}). {REMEDY}"
        ) from None


def check_encodings(
    tokenizer: Any, cls: int | None, sep: int | None, unk: int | None, rows: int, source: object
) -> None:
    """Checks that texts are encoded as DistilBERT reads them.

    Args:
        tokenizer: A ``tokenizers.Tokenizer`` that neither pads nor truncates.
        cls: Id of [CLS]; None where there is none.
        sep: Id of [SEP].
        unk: Id of [UNK].
        rows: Rows of the embedding matrix.
        source: The file or checkpoint, for messages.

    Raises:
        VocabularyError: A special token is missing, has the id of another or no embedding; an empty
            text is not [CLS] [SEP] or an empty pair not [CLS] [SEP] [SEP]; words of the vocabulary
            are not encoded as themselves; or every capital letter is unknown.
    """
    special = {"[CLS]": cls, "[SEP]": sep, "[UNK]": unk}
    for name, token in special.items():
        if token is None or not 0 <= token < rows:
            has = "there is none" if token is None else f"its id is {token}"
            raise VocabularyError(
                f"{source}: the tokenizer needs a token for {name} within the {rows} rows of the "
                f"embedding, and {has}. {REMEDY}"
            )
    if len(set(special.values())) < len(special):
        raise VocabularyError(
            f"{source}: [CLS], [SEP] and [UNK] have the ids {cls}, {sep} and {unk}; they must "
            f"differ. {REMEDY}"
        )
    _check_template(tokenizer, [cls, sep], [cls, sep, sep], source)
    _check_words(tokenizer, cls, sep, source)
    called(source, tokenizer.encode, _RARE)
    inner = slice(1, -1)
    capitals = called(source, tokenizer.encode, " ".join(ascii_uppercase)).ids[inner]
    letters = called(source, tokenizer.encode, " ".join(ascii_lowercase)).ids[inner]
    if set(capitals) == {unk} != set(letters):
        raise VocabularyError(
            f"{source}: every capital letter is unknown to the tokenizer. The vocabulary is of "
            "small letters: set do_lower_case to true in tokenizer_config.json."
        )


def _check_template(
    tokenizer: Any, single: list[int | None], pair: list[int | None], source: object
) -> None:
    for what, texts, expected in (("text", ("",), single), ("pair", ("", ""), pair)):
        found = called(source, tokenizer.encode, *texts).ids
        if found != expected:
            raise VocabularyError(
                f"{source}: the tokenizer makes {shown(found)} of an empty {what}, and the model "
                f"was trained with {expected}: [CLS] in front and [SEP] behind each text. Restore "
                "the post-processor: save the tokenizer again with transformers."
            )


def _check_words(tokenizer: Any, cls: int | None, sep: int | None, source: object) -> None:
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    vocabulary = called(source, tokenizer.get_vocab, False)
    plain = (
        word
        for word in sorted(vocabulary, key=vocabulary.__getitem__)
        if word.isascii() and word.isalpha() and word.islower() and len(word) <= _LONGEST_WORD
    )
    # An added token is found inside of words.
    whole = (
        word for word in islice(plain, _CANDIDATES) if not any(token in word for token in added)
    )
    words = list(islice(whole, _WORDS))
    expected = [cls, *(vocabulary[word] for word in words), sep]
    found = called(source, tokenizer.encode, " ".join(words)).ids
    if found != expected:
        raise VocabularyError(
            f"{source}: the tokenizer makes {shown(found)} of {shown(' '.join(words))}, words of "
            f"its vocabulary with the ids {shown(expected)}. {REMEDY}"
        )
