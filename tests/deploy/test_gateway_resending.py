"""Resending by deploy/gateway when servers refuse, die or hang: which servers get a request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_upstream import (
    DIES,
    FAILING,
    FULL,
    GOOD,
    HANGS,
    Answer,
    FakeServer,
    fake_server,
    gone_server,
)
from gateway_process import needs_nginx, running_gateway

pytestmark = needs_nginx

OFF = {"X-Sentiment-Fallback": "off"}

BEGUN = {
    "dies": DIES,
    "dies with half of the request": Answer(status=0, read=0.5),
    "hangs": HANGS,
    **{f"answers {status}": Answer(status) for status in (500, 502, 503, 504)},
    "says it began": Answer(503, {"X-Sentiment-Started": "yes"}),
}
"""What a request that no process survives may do to a model server."""

REFUSED = {"full": FULL, "failing": FAILING, "full, an older server": Answer(429)}

begun = pytest.mark.parametrize("answer", BEGUN.values(), ids=BEGUN.keys())
refused = pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED.keys())


@dataclass
class Site:
    """A gateway and the servers behind it."""

    client: httpx.Client
    models: list[FakeServer]
    lexicon: FakeServer

    def ask(self, body: bytes = b'{"input": "good"}', **options: Any) -> httpx.Response:
        return self.client.post("/classify", content=body, **options)

    @property
    def asked(self) -> list[int]:
        """Number of requests that each model server got; last, that of the lexicon server."""
        return [len(each.received) for each in (*self.models, self.lexicon)]


@contextmanager
def site(directory: Path, answers: Sequence[Answer | None]) -> Iterator[Site]:
    """Runs a gateway before model servers with these answers; None is a server that is gone."""
    with ExitStack() as stack:
        models = [
            stack.enter_context(fake_server(f"model {number}", answer) if answer else gone_server())
            for number, answer in enumerate(answers)
        ]
        lexicon = stack.enter_context(fake_server("lexicon"))
        ports = [each.port for each in models]
        url, _ = stack.enter_context(
            running_gateway(
                directory / "gateway",
                ports,
                lexicon.port,
                ANSWER_TIMEOUT_S=2 if HANGS in answers else 60,
            )
        )
        client = stack.enter_context(httpx.Client(base_url=url, timeout=60, trust_env=False))
        yield Site(client, models, lexicon)


@begun
@pytest.mark.parametrize("size", [20, 1_000_000])
def test_a_request_that_may_have_started_goes_to_the_lexicon_server_next(
    tmp_path: Path, answer: Answer, size: int
) -> None:
    with site(tmp_path, [answer] * 3) as there:
        for asked in range(1, 4):
            body = bytes(str(asked), "ascii") * size
            response = there.ask(body)
            assert (response.status_code, response.json()["by"]) == (200, "lexicon")
            assert there.lexicon.received[-1] == body
            *models, lexicon = there.asked
            assert (sum(models), lexicon) == (asked, asked)


@begun
def test_a_request_that_may_have_started_and_forbids_fallback_is_refused_by_the_lexicon_server(
    tmp_path: Path, answer: Answer
) -> None:
    with site(tmp_path, [answer] * 2) as there:
        there.lexicon.answer = Answer(503)
        response = there.ask(headers=OFF)
        *models, lexicon = there.asked
        assert sum(models) == 1
        if answer.status == 500:
            assert (response.status_code, lexicon) == (500, 0)
            assert response.json()["by"].startswith("model")
        else:
            assert (response.status_code, lexicon) == (503, 1)
            assert response.json()["by"] == "lexicon"


def test_a_request_that_started_after_a_refusal_is_not_resent_either(tmp_path: Path) -> None:
    with site(tmp_path, [FULL, DIES, FULL, DIES]) as there:
        for asked in range(1, 9):
            assert there.ask().json()["by"] == "lexicon"
            *models, lexicon = there.asked
            assert models[1] + models[3] == lexicon == asked


@refused
@pytest.mark.parametrize("headers", [{}, OFF])
@pytest.mark.parametrize("size", [20, 1_000_000])
def test_a_refused_request_is_answered_by_another_model_server(
    tmp_path: Path, answer: Answer, headers: dict[str, str], size: int
) -> None:
    with site(tmp_path, [answer, GOOD]) as there:
        for number in range(6):
            body = bytes(str(number), "ascii") * size
            response = there.ask(body, headers=headers)
            assert (response.status_code, response.json()["by"]) == (200, "model 1")
            assert there.models[1].received[-1] == body
        # The first one got the request, too, and no server got it twice.
        assert 0 < there.asked[0] <= 6
        assert there.asked[1:] == [6, 0]


@pytest.mark.parametrize("headers", [{}, OFF])
@pytest.mark.parametrize(
    "answers",
    [[None, GOOD], [None, FULL, GOOD], [FAILING, FAILING, FULL, GOOD], [None] * 4 + [GOOD]],
    ids=["gone", "gone, full", "failing, failing, full", "gone, gone, gone, gone"],
)
def test_the_only_working_model_server_answers(
    tmp_path: Path, answers: list[Answer | None], headers: dict[str, str]
) -> None:
    with site(tmp_path, answers) as there:
        for asked in range(1, 11):
            response = there.ask(headers=headers)
            assert response.json()["by"] == f"model {len(answers) - 1}"
            assert there.asked[-2:] == [asked, 0]


@pytest.mark.parametrize("count", [1, 2, 3, 8, 10])
def test_the_lexicon_server_answers_if_all_model_servers_refuse(tmp_path: Path, count: int) -> None:
    with site(tmp_path, [FULL] * count) as there:
        response = there.ask()
        assert (response.status_code, response.json()["by"]) == (200, "lexicon")
        # nginx redirects a request at most ten times.
        assert sorted(there.asked[:-1], reverse=True) == [1] * min(count, 8) + [0] * (count - 8)


@refused
@pytest.mark.parametrize("count", [1, 2, 3, 8, 10])
def test_without_fallback_the_last_refusal_is_the_answer(
    tmp_path: Path, count: int, answer: Answer
) -> None:
    with site(tmp_path, [answer] * count) as there:
        response = there.ask(headers=OFF)
        assert response.status_code == answer.status
        assert response.json()["by"].startswith("model")
        for name, value in answer.headers.items():
            assert response.headers[name] == value
        assert sorted(there.asked[:-1], reverse=True) == [1] * min(count, 8) + [0] * (count - 8)
        assert there.asked[-1] == 0


def test_without_fallback_one_server_gone_and_one_full(tmp_path: Path) -> None:
    with site(tmp_path, [None, FULL]) as there:
        for _ in range(4):
            response = there.ask(headers=OFF)
            assert (response.status_code, response.json()["by"]) == (429, "model 1")
        assert there.asked[-1] == 0


@pytest.mark.parametrize("count", [1, 2, 10])
@pytest.mark.parametrize("headers", [{}, OFF])
def test_all_model_servers_are_gone(tmp_path: Path, count: int, headers: dict[str, str]) -> None:
    with site(tmp_path, [None] * count) as there:
        # The lexicon server refuses it if the header forbids fallback.
        assert there.ask(headers=headers).json()["by"] == "lexicon"
        assert there.asked[-1] == 1


def test_without_fallback_the_answer_of_a_single_model_server_is_passed_on(
    tmp_path: Path,
) -> None:
    with site(tmp_path, [GOOD]) as there:
        for status in (400, 413, 429, 500, 503):
            there.models[0].answer = Answer(status)
            response = there.ask(headers=OFF)
            assert (response.status_code, response.json()["by"]) == (status, "model 0")
        assert there.asked == [5, 0]


@pytest.mark.parametrize("status", [400, 401, 404, 408, 413, 415, 422])
@pytest.mark.parametrize("headers", [{}, OFF])
def test_an_invalid_request_is_refused_by_the_first_server(
    tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    with site(tmp_path, [Answer(status)] * 2) as there:
        response = there.ask(headers=headers)
        assert (response.status_code, response.json()["by"][:5]) == (status, "model")
        assert sum(there.asked) == 1


def test_no_server_answers(tmp_path: Path) -> None:
    with ExitStack() as stack:
        *models, lexicon = (stack.enter_context(gone_server()).port for _ in range(3))
        url, _ = stack.enter_context(running_gateway(tmp_path / "gateway", models, lexicon))
        for headers in ({}, OFF):
            response = httpx.post(f"{url}/classify", headers=headers, json={}, trust_env=False)
            assert response.status_code == 503
            assert response.headers["Retry-After"] == "5"
            assert response.json()["error"]["code"] == 503


@pytest.mark.parametrize("bad", [None, FAILING], ids=["gone", "failing"])
def test_the_load_of_a_failing_server_is_shared_by_the_others(
    tmp_path: Path, bad: Answer | None
) -> None:
    with site(tmp_path, [bad, GOOD, GOOD]) as there, ThreadPoolExecutor(8) as pool:
        by = Counter(each.json()["by"] for each in pool.map(lambda _: there.ask(), range(200)))
        assert by.keys() == {"model 1", "model 2"}
        assert min(by.values()) > 0.25 * by.total(), by


def test_expect_100_continue(tmp_path: Path) -> None:
    with site(tmp_path, [FULL, GOOD]) as there:
        response = there.ask(headers={"Expect": "100-continue"})
        assert response.json()["by"] == "model 1"
