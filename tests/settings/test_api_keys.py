"""Sources of API keys; tests/server checks that the server asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from distilbert_sentiment_arch.errors import ConfigError, Unauthorized
from distilbert_sentiment_arch.settings.api_keys import ApiKeys


def test_none_are_required_by_default() -> None:
    keys = ApiKeys({})
    assert not keys.required
    keys.check(None)


@pytest.mark.parametrize("header", ["Bearer b", "bearer b", "BEARER b"])
def test_one_of_several(header: str) -> None:
    ApiKeys({"MAX_SENTIMENT_API_KEYS": "a, b ,c"}).check(header)


@pytest.mark.parametrize(
    "header", [None, "", "b", "Bearer", "Bearer ", "Basic b", "Bearer a,b", "Bearer \udcff"]
)
def test_any_other_authorization_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthorized):
        ApiKeys({"MAX_SENTIMENT_API_KEYS": "a,b"}).check(header)


def test_a_file_with_comments(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# all of them\n\na # the first\n  b\n")
    keys = ApiKeys({"MAX_SENTIMENT_API_KEYS_FILE": str(file)})
    keys.check("Bearer a")
    keys.check("Bearer b")


def test_a_hash_in_a_key_is_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("abc#def\n")
    keys = ApiKeys({"MAX_SENTIMENT_API_KEYS_FILE": str(file)})
    keys.check("Bearer abc#def")
    with pytest.raises(Unauthorized):
        keys.check("Bearer abc")


def test_the_known_keys_stay_valid_if_the_file_becomes_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("a\n")
    keys = ApiKeys({"MAX_SENTIMENT_API_KEYS_FILE": str(file)})
    file.write_bytes(b"\xff\xfe\xff")
    keys.check("Bearer a")


def test_a_file_variable_that_is_empty_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="set and empty"):
        ApiKeys({"MAX_SENTIMENT_API_KEYS_FILE": ""})


def test_a_file_that_becomes_empty_accepts_no_key(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("a\n")
    keys = ApiKeys({"MAX_SENTIMENT_API_KEYS_FILE": str(file)})
    file.write_text("# none left\n")
    assert keys.required
    with pytest.raises(Unauthorized):
        keys.check("Bearer a")


@pytest.mark.parametrize("inline", ["", " , "])
def test_keys_that_are_set_and_empty_are_a_mistake(inline: str) -> None:
    with pytest.raises(ConfigError, match="hold no key"):
        ApiKeys({"MAX_SENTIMENT_API_KEYS": inline})


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not readable"):
        ApiKeys({"MAX_SENTIMENT_API_KEYS_FILE": str(tmp_path / "none")})


def test_keys_are_not_stored_in_plain_text(tmp_path: Path) -> None:
    assert "a-secret" not in repr(vars(ApiKeys({"MAX_SENTIMENT_API_KEYS": "a-secret"})))


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("a\nb\n", encoding="utf-8-sig")
    keys = ApiKeys({"MAX_SENTIMENT_API_KEYS_FILE": str(file)})
    keys.check("Bearer a")
    keys.check("Bearer b")


def test_documentation_needs_a_key_unless_an_operator_opens_it() -> None:
    assert not ApiKeys({}).open_documents
    assert ApiKeys({"MAX_SENTIMENT_DOCUMENTS": "open"}).open_documents
    with pytest.raises(ConfigError, match="MAX_SENTIMENT_DOCUMENTS is 'yes'"):
        ApiKeys({"MAX_SENTIMENT_DOCUMENTS": "yes"})
