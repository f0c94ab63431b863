"""The examples of docs/python.md, run one after the other as a reader would."""

from __future__ import annotations

import re

import pytest
from commands import ROOT

PAGE = ROOT / "docs" / "python.md"


@pytest.mark.slow
def test_examples(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert first.startswith("POSITIVE {'NEGATIVE': ")
    assert second.startswith("NEGATIVE ")
