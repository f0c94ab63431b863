"""Marks of tests that need what may not be here."""

from __future__ import annotations

import pytest

from scripts import chromium

needs_chromium = pytest.mark.skipif(
    not chromium.IS_HERE,
    reason="Chromium and its driver are not here; scripts/test fetches them where Debian is",
)
needs_axe = pytest.mark.skipif(
    not chromium.AXE.exists(), reason="axe-core is not here; scripts/test fetches it"
)
