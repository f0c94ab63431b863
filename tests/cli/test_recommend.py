"""`max-sentiment recommend`: flags, and errors before anything is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from distilbert_sentiment_arch.cli import recommend as command
from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.recommend.request import Prices, RecommendRequest


def refused(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    assert main(["recommend", *flags]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_errors_name_the_flag(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    latency = ("--goal", "latency")
    none = str(tmp_path / "none.txt")
    assert none in refused(capsys, *latency, "--texts", none)
    assert "--p99-ms is -5" in refused(capsys, *latency, "--p99-ms", "-5")
    assert "--precisions names 'int4'" in refused(capsys, *latency, "--precisions", "int4")
    assert "no such directory" in refused(capsys, *latency, "--model", str(tmp_path / "none"))


@pytest.mark.parametrize("flags", [[], ["--goal", "speed"], ["--goal", "cost", "--callers", "x"]])
def test_flags_that_the_parser_refuses(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["recommend", *flags])
    assert raised.value.code == 2


class Asked(Exception):
    """Holds what was asked for, in place of measuring it."""

    def __init__(self, request: RecommendRequest) -> None:
        self.request = request


def test_every_flag_reaches_the_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def ask(request: RecommendRequest, on_progress: object, cancelled: object) -> None:
        raise Asked(request)

    monkeypatch.setattr(command, "recommend", ask)
    texts = tmp_path / "texts.txt"
    texts.write_text("good\nbad\n")
    flags = "--goal cost --model m --revision r --p99-ms 25 --least-agreement 98.5 --seconds 9"
    flags += " --callers 3 --texts-per-request 7 --core-price 0.04 --gb-price 0.005"
    flags += " --accelerator-price 2 --precisions int8,bfloat16 --forget"
    with pytest.raises(Asked) as raised:
        main(["recommend", *flags.split(), "--texts", str(texts)])
    assert raised.value.request == RecommendRequest(
        goal="cost",
        model="m",
        revision="r",
        texts=("good", "bad"),
        p99_ms=25,
        least_agreement=98.5,
        seconds=9,
        callers=3,
        texts_per_request=7,
        prices=Prices(0.04, 0.005, 2),
        precisions=("int8", "bfloat16"),
        remember=False,
    )
    with pytest.raises(Asked) as raised:
        main(["recommend", "--goal", "latency"])
    assert raised.value.request == RecommendRequest("latency")
