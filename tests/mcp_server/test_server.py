"""The protocol's server: tools as they are listed, and the words of errors."""

from __future__ import annotations

import jsonschema
import pytest
from mcp.shared.exceptions import McpError
from mcp.types import INVALID_PARAMS, Tool
from tool_server import ToolClient, text_of

from distilbert_sentiment_arch.mcp_server.server import KIND
from distilbert_sentiment_arch.mcp_server.tools.registry import TOOLS
from distilbert_sentiment_arch.settings.defaults import VERSION


@pytest.fixture(scope="module")
def listed(word_list_tools: ToolClient) -> dict[str, Tool]:
    found = word_list_tools.do(lambda session: session.list_tools())
    return {each.name: each for each in found.tools}


def test_a_client_learns_what_the_server_is(word_list_tools: ToolClient) -> None:
    server = word_list_tools.server
    assert (server.serverInfo.name, server.serverInfo.version) == ("max-sentiment", VERSION)
    assert server.capabilities.tools is not None
    assert server.capabilities.resources is server.capabilities.prompts is None
    assert server.instructions


def test_every_tool_has_schemas_a_title_and_hints(listed: dict[str, Tool]) -> None:
    assert list(listed) == [each.name for each in TOOLS]
    for tool in listed.values():
        assert tool.title
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.title == tool.title
        assert tool.annotations.readOnlyHint is tool.annotations.idempotentHint is True
        assert tool.annotations.destructiveHint is False
        assert tool.annotations.openWorldHint is (tool.name == "doctor")
        for schema in (tool.inputSchema, tool.outputSchema):
            assert schema is not None
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
        assert tool.inputSchema["additionalProperties"] is False


def test_no_argument_names_a_file_or_an_address(listed: dict[str, Tool]) -> None:
    names = {name for tool in listed.values() for name in tool.inputSchema.get("properties", {})}
    assert names
    assert not names & {"path", "file", "url", "host", "port", "directory", "revision", "precision"}


def test_schemas_state_the_limits_of_the_operator(listed: dict[str, Tool]) -> None:
    texts = listed["classify"].inputSchema["properties"]["texts"]
    assert (texts["minItems"], texts["maxItems"]) == (1, 2000)
    assert "At most 2000 texts with 524288 characters together." in texts["description"]


def test_the_description_names_the_labels_of_the_server(listed: dict[str, Tool]) -> None:
    described = listed["classify"].description
    assert described is not None
    assert "labels of the model afinn-111: NEGATIVE, NEUTRAL, POSITIVE;" in described
    assert not any("{" in (tool.description or "") for tool in listed.values())


def test_an_unknown_tool_is_an_error_of_the_protocol(word_list_tools: ToolClient) -> None:
    with pytest.raises(McpError, match="There is no tool 'read_file'") as refused:
        word_list_tools.call("read_file", path="/etc/passwd")
    assert refused.value.error.code == INVALID_PARAMS


@pytest.mark.parametrize(
    ("arguments", "message", "kind"),
    [
        ({}, "texts: Field required.", "invalid"),
        ({"texts": "A text"}, "texts: Input should be a valid list.", "invalid"),
        ({"texts": [1]}, "texts.0: Input should be a valid string.", "invalid"),
        ({"texts": []}, "There is nothing to classify: the list of inputs is empty.", "blank"),
        ({"texts": ["good", " "]}, "Input 1 is blank. Send text to classify.", "blank"),
        ({"texts": ["a\0b"]}, "Input 0 contains NUL (U+0000), which no text does.", "invalid"),
        ({"texts": ["x"] * 2001}, "The request has 2001 inputs and this server acc", "too_large"),
        ({"texts": ["x" * 524_289]}, "The texts of the request have more than 524", "too_large"),
        ({"texts": ["good"], "path": "/etc"}, "path: Extra inputs are not permitted.", "invalid"),
        ({"texts": ["good"], "truncation": "all"}, "truncation: Input should be", "invalid"),
        ({"texts": ["good"], "explain": {"passes": 1}}, "explain", "invalid"),
    ],
    ids=str,
)
def test_a_refused_call_says_why(
    word_list_tools: ToolClient, arguments: dict[str, object], message: str, kind: str
) -> None:
    result = word_list_tools.call("classify", **arguments)
    assert result.isError
    assert text_of(result).startswith(message)
    assert result.meta == {KIND: kind}


@pytest.mark.parametrize(
    "name", ["/etc", "../default_model", "https://example.com/model", "owner/model", "mvp-30"]
)
def test_a_model_that_is_not_served_is_refused(word_list_tools: ToolClient, name: str) -> None:
    message = word_list_tools.refusal("classify", texts=["good"], model=name)
    assert message.startswith(f"The model '{name}' is not served here. Served: 'afinn-111'")
