"""The compiled scorer against the one in Python, which it must equal to the last bit."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from distilbert_sentiment_arch.lexicon import mojo_library
from distilbert_sentiment_arch.lexicon.mojo_scorer import MojoScorer, character_classes
from distilbert_sentiment_arch.lexicon.scorer import (
    BOOSTERS,
    DAMPENERS,
    NEGATORS,
    Score,
    score,
    score_many,
)
from distilbert_sentiment_arch.lexicon.word_list import (
    Node,
    WordList,
    embedded_word_list,
    read_word_list,
)
from distilbert_sentiment_arch.lexicon.words import WORD

REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "texts.txt"

# Whatever may stand between words, or in them.
JOINERS = [
    "",
    " ",
    " ",
    " ",
    "  ",
    "\t\n",
    "'",
    "\u2019",
    "-",
    "\u2011",
    "--",
    "' ",
    ". ",
    "\u00a0",
]
JOINERS += ["\x00", "\x1c", "\x85", "\u200b", "\u2028", "_", "\U0001f600", "\ud800", "\u0301", "1"]


def mojo_scorer(word_list: WordList) -> MojoScorer:
    library = mojo_library.load(compiling=True)
    assert library is not None, "the kernel does not compile or load here"
    return MojoScorer(word_list, library)


@pytest.fixture(scope="module")
def afinn_111() -> WordList:
    return embedded_word_list("afinn-111")


@pytest.fixture(scope="module")
def mojo(afinn_111: WordList) -> MojoScorer:
    return mojo_scorer(afinn_111)


def exactly(scores: Sequence[Score]) -> list[str]:
    """Returns all that is in scores, every bit of their numbers too."""
    return [repr(each) for each in scores]


def assert_equal(mojo: MojoScorer, word_list: WordList, texts: Sequence[str]) -> int:
    """Compares scores and returns the number of matches."""
    matches = 0
    for modifiers in (False, True):
        ours = mojo.score_many(texts, modifiers=modifiers)
        plain = score_many(texts, word_list, modifiers=modifiers)
        assert ours == plain
        assert exactly(ours) == exactly(plain)
        matches += sum(len(each.matches) for each in ours)
    return matches


def mixed(generator: random.Random, words: Sequence[str], most: int) -> str:
    """Returns words in all cases with anything between them."""
    text = ""
    for _ in range(generator.randrange(most)):
        word = generator.choice(words)
        text += generator.choice([word, word, word.upper(), word.title()])
        text += generator.choice(JOINERS)
    return text


def test_sentences_and_reviews(mojo: MojoScorer, afinn_111: WordList) -> None:
    texts = REFERENCE.read_text(encoding="utf-8").splitlines()
    assert assert_equal(mojo, afinn_111, texts) > 50
    assert_equal(mojo, afinn_111, ["\n".join(texts)])
    assert_equal(mojo, afinn_111, [text.replace("'", "\u2019") for text in texts])


def test_random_texts(mojo: MojoScorer, afinn_111: WordList) -> None:
    generator = random.Random(11)
    modifiers = [*NEGATORS, *BOOSTERS, *DAMPENERS, "don't", "isn't", "t", "n", "nai\u0308ve"]
    words = [*afinn_111.terms, *modifiers * 20, *"aZé\u0130ß\u1100Σ" * 20]
    texts = [mixed(generator, words, 30) for _ in range(3000)]
    assert assert_equal(mojo, afinn_111, texts) > 10_000
    ascii_only = [text.encode("ascii", "ignore").decode() for text in texts]
    assert assert_equal(mojo, afinn_111, ascii_only) > 10_000


def test_random_characters(mojo: MojoScorer, afinn_111: WordList) -> None:
    generator = random.Random(12)
    texts = []
    for highest in (0x80, 0x100, 0x3000, 0x10000, 0x110000):
        for _ in range(300):
            codes = generator.choices(range(highest), k=generator.randrange(60))
            texts.append("".join(map(chr, codes)) + generator.choice([" good", "bad", "'"]))
    assert assert_equal(mojo, afinn_111, texts) > 500
    for text in texts:
        assert_equal(mojo, afinn_111, [text])


def test_random_lists_of_phrases(tmp_path: Path) -> None:
    generator = random.Random(13)
    vocabulary = ["a", "b", "c", "not", "very", "t", "don", "ë", "\U0001d4a2x", "木"]
    matches = 0
    for number in range(40):
        terms = {
            "".join(
                word + joiner
                for word, joiner in zip(
                    generator.choices(vocabulary, k=length),
                    [*generator.choices(" '-", k=length - 1), ""],
                    strict=True,
                )
            )
            for length in generator.choices(range(1, 6), k=30)
        }
        file = tmp_path / f"{number}.txt"
        lines = [f"{term}\t{generator.choice([0, -0.0, 1.1, -0.3, 5, 1e-9])}" for term in terms]
        file.write_text("\n".join(lines), encoding="utf-8")
        word_list = read_word_list(file)
        texts = [mixed(generator, vocabulary, 40) for _ in range(60)]
        texts += [" ".join(generator.choices(vocabulary, k=20)) for _ in range(60)]
        matches += assert_equal(mojo_scorer(word_list), word_list, texts)
    assert matches > 10_000


def test_a_list_of_many_words() -> None:
    generator = random.Random(14)
    words = {
        "".join(generator.choices("abcdeé", k=generator.randrange(1, 9))) for _ in range(30000)
    }
    tree = {word: Node(generator.uniform(-5, 5)) for word in sorted(words)[::2]}
    word_list = WordList("many", "en", {}, tree)
    texts = [" ".join(generator.sample(sorted(words), 500)) for _ in range(20)]
    assert assert_equal(mojo_scorer(word_list), word_list, texts) > 5000


def test_a_tree_that_no_file_gives() -> None:
    tree = {
        "a": Node(1, {(None, "b"): Node(2.5), (" ", ""): Node(3), ("x", "b"): Node(4)}),
        "": Node(5),
        "a b": Node(5),
        "\x00": Node(5),
        "c": Node(None),
    }
    word_list = WordList("odd", "en", {}, tree)
    texts = ["a, b a b a", "a ", "a", "\x00 c", "axb"]
    ours = mojo_scorer(word_list).score_many(texts)
    assert ours == score_many(texts, word_list)
    assert [each.term for each in ours[0].matches] == ["aNoneb", "a", "a"]


@pytest.mark.parametrize(
    "texts", [[], [""], ["", "", "good", ""], ["'"], ["good"] * 5000, ["", "\u0301", "é"]], ids=len
)
def test_lists_of_any_length(mojo: MojoScorer, afinn_111: WordList, texts: list[str]) -> None:
    assert_equal(mojo, afinn_111, texts)


@pytest.mark.parametrize(
    "piece",
    "good |can't |does not |not |a'|'-|ﷺ|i\u0307|\u0301|x|\x00| |\ud800|\U0001f600bad".split("|"),
    ids=ascii,
)
def test_a_megabyte_in_linear_time(mojo: MojoScorer, afinn_111: WordList, piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert mojo.score_many([text], modifiers=True)[0] == score(text, afinn_111, modifiers=True)

    def seconds(size: int) -> float:
        part = text[:size]
        start = time.process_time()
        mojo.score_many([part], modifiers=True)
        return time.process_time() - start

    small = min(seconds(125_000) for _ in range(3))
    # Once is enough: a quadratic scorer is never that fast, a busy machine seldom.
    assert any(seconds(1_000_000) < max(0.05, 8 * small * 3) for _ in range(3))


def test_matches_are_a_sequence(mojo: MojoScorer, afinn_111: WordList) -> None:
    text = "Good, bad; happy and SAD."
    found = mojo.score_many(["bad", text, "good"])[1].matches
    plain = score(text, afinn_111).matches
    assert (len(found), found[0], found[-1]) == (4, plain[0], plain[-1])
    assert found[1:3] == plain[1:3]
    assert found[::-1] == plain[::-1]
    assert plain[2] in found
    assert found == plain
    assert plain == found
    assert found != plain[1:]
    with pytest.raises(IndexError):
        found[4]


def test_threads_may_share_it(mojo: MojoScorer, afinn_111: WordList) -> None:
    generator = random.Random(15)
    batches = [[mixed(generator, list(afinn_111.terms), 200) for _ in range(50)] for _ in range(16)]
    with ThreadPoolExecutor(8) as threads:
        scores = list(threads.map(mojo.score_many, batches))
    for batch, each in zip(batches, scores, strict=True):
        assert each == score_many(batch, afinn_111)


def test_every_character_is_what_python_calls_it() -> None:
    classes = character_classes()
    assert len(classes) == 0x110000
    for code, number in enumerate(classes):
        character = chr(code)
        expected = 1 if WORD.fullmatch(character) else 2 if character.isspace() else 0
        assert number == {"'": 3, "-": 4}.get(character, expected), hex(code)
