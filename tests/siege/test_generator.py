"""Requests come from the seed and their number alone, and there are all sorts of them."""

from __future__ import annotations

import time

import pytest

from scripts.besieging.cli import main
from scripts.besieging.generator import Generator
from scripts.besieging.request import Delivery

NUMBERS = range(3000)

KINDS = {
    *("valid or nearly", "other types", "fields gone or new", "a key twice", "other syntax"),
    *("other encoding", "unescaped", "JSON cut", "JSON and more", "flipped bytes"),
    *("no JSON object", "binary tensor", "methods and paths", "long paths"),
    *("header fields", "many fields", "hosts", "cut in the head", "cut in the body"),
    *("delivery: HTTP/1.0", "delivery: byte by byte", "delivery: with pauses"),
    *("delivery: 100-continue", "delivery: half closed", "delivery: reset at once"),
    *("delivery: reset while answered", "malformed: Content-Length", "malformed: two lengths"),
    *("malformed: length and chunks", "malformed: chunks", "malformed: request line"),
    *("malformed: header fields", "malformed: another protocol", "malformed: noise"),
}
"""All but the huge bodies, which tests/server/test_siege.py sends one by one."""


def test_a_request_depends_on_its_number_alone() -> None:
    forwards, backwards = Generator(7), Generator(7)
    found = [forwards.request(number) for number in NUMBERS]
    assert [backwards.request(number) for number in reversed(NUMBERS)] == found[::-1]
    blocks = [forwards.pipelined(block) for block in range(100)]
    assert blocks == [backwards.pipelined(block) for block in range(100)]


def test_another_seed_gives_other_requests() -> None:
    assert Generator(7).request(1) != Generator(8).request(1)


def test_the_shortest_campaign_has_requests_of_all_sorts() -> None:
    generator = Generator(1)
    requests = [generator.request(number) for number in range(12_000)]
    assert {request.delivery for request in requests} == set(Delivery)
    assert {request.kind for request in requests if not request.kind.startswith("huge")} == KINDS
    # The rest ends a connection, which costs most of what a request costs.
    assert sum(request.delivery is Delivery.KEPT for request in requests) > 9_600
    assert max(len(request.content) for request in requests) > 4_000_000
    assert sum(len(request.content) for request in requests) / 12_000 < 10_000


def test_making_requests_does_not_hold_up_sending_them() -> None:
    generator = Generator(1)
    start = time.process_time()
    for number in NUMBERS:
        generator.request(number)
    assert (time.process_time() - start) / len(NUMBERS) < 0.0003


@pytest.mark.parametrize("number", [3, 4321, 999_999])
def test_a_request_is_printed_by_number(
    capsysbinary: pytest.CaptureFixture[bytes], number: int
) -> None:
    assert main(["--seed", "5", "--only", str(number), "--dry-run"]) == 0
    assert capsysbinary.readouterr().out == Generator(5).request(number).content
