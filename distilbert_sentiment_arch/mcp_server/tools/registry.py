"""All tools of the server, in the order in which they are listed."""

from __future__ import annotations

from distilbert_sentiment_arch.mcp_server.tool import Tool
from distilbert_sentiment_arch.mcp_server.tools import (
    benchmark,
    classify,
    doctor,
    list_models,
    recommend,
)

TOOLS: tuple[Tool, ...] = (
    classify.TOOL,
    list_models.TOOL,
    doctor.TOOL,
    recommend.TOOL,
    benchmark.TOOL,
)
