"""The setting of the page at ``/``."""

from __future__ import annotations

import os
from collections.abc import Mapping

from distilbert_sentiment_arch.errors import ConfigError

PAGE = "MAX_SENTIMENT_PAGE"
"""Environment variable of the setting, which a plain ``max serve`` reads as well."""

PAGE_POLICIES = ("on", "off")


def page_is_served(environment: Mapping[str, str] | None = None) -> bool:
    """Reads the setting; None means the variables of this process.

    Raises:
        ConfigError: The value is not one of ``PAGE_POLICIES``.
    """
    environment = os.environ if environment is None else environment
    value = environment.get(PAGE, "on")
    if value not in PAGE_POLICIES:
        raise ConfigError(
            f"{PAGE} is {value!r}; possible are {', '.join(PAGE_POLICIES)}. Correct or unset it."
        )
    return value == "on"
