"""Comparison of word lists, other lexicon packages and the model: accuracy and speed.

    .venv/bin/python scripts/lexicons.py DATA.jsonl [DATA.jsonl ...]

The first table compares the scorer in Python with the one in Mojo, whose results are the same. A
line of the data is {"text", "label"} with label 1 for positive. A lexicon predicts positive if its
score is above zero; texts without a score count as negative. Speeds are medians of five interleaved
passes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from itertools import chain, cycle, islice
from pathlib import Path

from distilbert_sentiment_arch.lexicon.mojo_library import load
from distilbert_sentiment_arch.lexicon.mojo_scorer import MojoScorer
from distilbert_sentiment_arch.lexicon.scorer import score, score_many
from distilbert_sentiment_arch.lexicon.word_list import DIRECTORY, embedded_word_list

PASSES = 5
LIST_LENGTH = 2048
LONG_TEXT = 1_000_000

Positive = Callable[[str], bool]


def afinn_package() -> Callable[[str], float]:
    """Returns the scoring function of PyPI's afinn with AFINN-111."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from afinn import Afinn
    afinn = Afinn()
    afinn.setup_from_file(str(DIRECTORY / "afinn-111.txt"))
    function: Callable[[str], float] = afinn.score
    return function


def lexicons() -> dict[str, Positive]:
    """Returns the lexicons to compare, by name."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    afinn_111 = embedded_word_list("afinn-111")
    mvp_29 = embedded_word_list("mvp-29")
    afinn = afinn_package()
    vader = SentimentIntensityAnalyzer()
    return {
        "afinn-111": lambda text: score(text, afinn_111).sum > 0,
        "afinn-111, modifiers": lambda text: score(text, afinn_111, modifiers=True).sum > 0,
        "mvp-29": lambda text: score(text, mvp_29).sum > 0,
        "PyPI afinn 0.1": lambda text: afinn(text) > 0,
        "PyPI vaderSentiment 3.3.2": lambda text: vader.polarity_scores(text)["compound"] > 0,
    }


def model_accuracy(texts: Sequence[str], labels: Sequence[int]) -> float:
    """Returns the accuracy of the embedded model; longer texts are truncated at its limit."""
    from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
    from distilbert_sentiment_arch.classify.interface import ClassifyRequest, Truncation
    from distilbert_sentiment_arch.engine.in_process import load_classifier
    from distilbert_sentiment_arch.families.registry import FAMILIES

    classifier = load_classifier(find_checkpoint(None, FAMILIES))
    request = ClassifyRequest(texts, Truncation("end"))
    answers = asyncio.run(classifier.classify(request)).classifications
    right = [
        (answer.label == "POSITIVE") == (label == 1)
        for answer, label in zip(answers, labels, strict=True)
    ]
    return sum(right) / len(right)


def bulk_cases(files: dict[str, list[str]]) -> dict[str, list[list[str]]]:
    """Returns calls, each a list of texts, by a description."""
    cases = {f"{name}, all": [texts] for name, texts in files.items()}
    for name, texts in files.items():
        cases[f"{name}, {LIST_LENGTH} a call"] = [list(islice(cycle(texts), LIST_LENGTH))]
    for name, texts in files.items():
        cases[f"{name}, one a call"] = [[text] for text in texts]
    prose = " ".join(chain.from_iterable(files.values()))
    prose *= LONG_TEXT // len(prose) + 1
    cases["one text of 1 MB"] = [[prose[:LONG_TEXT]]]
    cases["one text of 1 MB, only ASCII"] = [
        [prose.encode("ascii", "replace").decode()[:LONG_TEXT]]
    ]
    decomposed = unicodedata.normalize("NFD", prose.replace("e", "\u00e9"))
    cases["one text of 1 MB, decomposed accents"] = [[decomposed[:LONG_TEXT]]]
    return cases


def compare_with_mojo(files: dict[str, list[str]]) -> None:
    """Prints the table that compares the scorers in Python and in Mojo."""
    library = load(compiling=True)
    if library is None:
        return
    word_list = embedded_word_list("afinn-111")
    mojo = MojoScorer(word_list, library)
    scorers: dict[str, Callable[[list[str]], object]] = {
        "Python": lambda texts: score_many(texts, word_list),
        "Mojo": mojo.score_many,
        "Mojo, matches read": lambda texts: [list(each.matches) for each in mojo.score_many(texts)],
    }
    print("| afinn-111, texts a second | texts | " + " | ".join(scorers) + " | ratios | equal |")
    print("|---|---|---|---|---|---|---|")
    for name, calls in bulk_cases(files).items():
        seconds: dict[str, list[float]] = {}
        for _ in range(PASSES):
            for scorer, function in scorers.items():
                start = time.perf_counter()
                for texts in calls:
                    function(texts)
                seconds.setdefault(scorer, []).append(time.perf_counter() - start)
        medians = {scorer: statistics.median(each) for scorer, each in seconds.items()}
        count = sum(map(len, calls))
        speeds = " | ".join(f"{count / median:.0f}" for median in medians.values())
        ratios = ", ".join(
            f"{medians['Python'] / median:.1f}" for median in list(medians.values())[1:]
        )
        equal = all(mojo.score_many(each) == score_many(each, word_list) for each in calls)
        print(f"| {name} | {count} | {speeds} | {ratios} | {'yes' if equal else 'NO'} |")


def main() -> None:
    """Prints the table of Python and Mojo, and a table for each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="+")
    files = {
        path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in parser.parse_args().data
    }
    compare_with_mojo({path.name: [each["text"] for each in files[path]] for path in files})
    for path, lines in files.items():
        texts, labels = [each["text"] for each in lines], [each["label"] for each in lines]
        seconds: dict[str, list[float]] = {}
        accuracy: dict[str, float] = {}
        for _ in range(PASSES):
            for name, positive in lexicons().items():
                start = time.perf_counter()
                answers = [positive(text) for text in texts]
                seconds.setdefault(name, []).append(time.perf_counter() - start)
                right = sum(a == (b == 1) for a, b in zip(answers, labels, strict=True))
                accuracy[name] = right / len(labels)
        print(f"\n| {path.name}, {len(texts)} texts | accuracy | texts a second | x PyPI afinn |")
        print("|---|---|---|---|")
        medians = {name: statistics.median(each) for name, each in seconds.items()}
        for name, median in medians.items():
            ratio = medians["PyPI afinn 0.1"] / median
            print(f"| {name} | {accuracy[name]:.4f} | {len(texts) / median:.0f} | {ratio:.1f} |")
        afinn, word_list = afinn_package(), embedded_word_list("afinn-111")
        equal = sum(score(text, word_list).sum == afinn(text) for text in texts)
        print(f"| the embedded model | {model_accuracy(texts, labels):.4f} | | |")
        print(f"\nsums equal to PyPI afinn's: {equal} of {len(texts)}")


if __name__ == "__main__":
    main()
