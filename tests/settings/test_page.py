"""The setting of the page."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.settings.page import page_is_served


def test_the_page_is_served_unless_it_is_turned_off() -> None:
    assert page_is_served({})
    assert page_is_served({"MAX_SENTIMENT_PAGE": "on"})
    assert not page_is_served({"MAX_SENTIMENT_PAGE": "off"})


def test_another_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="MAX_SENTIMENT_PAGE is 'no'; possible are on, off"):
        page_is_served({"MAX_SENTIMENT_PAGE": "no"})
