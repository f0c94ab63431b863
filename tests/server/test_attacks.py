"""Requests that once broke something or could (tests/attacks): each is survived, at once.

A file says what is sent, why, and which statuses are an answer; none means that the connection is
cut before there could be one. ``lexicon_status`` is where word lists have another answer. Beside
each, /health answers as if nothing were; after each, a good request is answered correctly by the
same process. ``test_families.py`` sends those that reach a tokenizer to servers with other ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile import ATTACKS, check_alive, check_survived, read_attack
from server_process import Server

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", ["server", "lexicon_server"])
def test_attack(request: pytest.FixtureRequest, kind: str, path: Path) -> None:
    server: Server = request.getfixturevalue(kind)
    attack = read_attack(path)
    expected = attack["status"]
    if kind == "lexicon_server":
        expected = attack.get("lexicon_status", expected)
    check_survived(server, attack, expected)
    check_alive(server)
