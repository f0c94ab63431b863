"""The Open Inference Protocol (KServe V2, Triton) over HTTP.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
and Triton's binary tensor extension, which ``tritonclient`` uses for BYTES unless told otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictInt

from distilbert_sentiment_arch.classify.interface import Answers
from distilbert_sentiment_arch.errors import (
    InputError,
    TooManyInputs,
    Unavailable,
    UnknownModel,
)
from distilbert_sentiment_arch.serving.body import Content, validated
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.kserve import KSERVE_V2
from distilbert_sentiment_arch.serving.dialects.our_fields import OurOptions, origin
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import Counted, WireModel, WireText
from distilbert_sentiment_arch.settings.limits import Limits

INPUT = "text"
BINARY_HEADER = "Inference-Header-Content-Length"

probes = Endpoints(KSERVE_V2, "kserve", probes=True)
endpoints = Endpoints(KSERVE_V2, "kserve")


class TensorMetadata(WireModel):
    """Name, type and shape of an input or output; -1 stands for any number."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(WireModel):
    """Inputs and outputs of a model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ServerMetadata(WireModel):
    """Name and version of the server."""

    name: str
    version: str
    extensions: list[str]


class InputTensor(WireModel):
    """Tensor of texts."""

    name: Literal["text"]
    shape: Annotated[list[StrictInt], Field(fail_fast=True)] = Field(min_length=1, max_length=2)
    datatype: Literal["BYTES"]
    parameters: dict[str, Any] | None = None
    data: Annotated[list[Any], Counted] | None = None


class RequestedOutput(WireModel):
    """A requested output."""

    name: Literal["label", "probabilities", "logits"]
    parameters: dict[str, Any] | None = None


def _distinct(outputs: list[RequestedOutput]) -> list[RequestedOutput]:
    if len({output.name for output in outputs}) < len(outputs):
        raise ValueError("names an output twice")
    return outputs


class InferBody(WireModel):
    """Request with one tensor of texts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "inputs": [
                        {"name": INPUT, "shape": [1], "datatype": "BYTES", "data": ["What a film."]}
                    ]
                }
            ]
        }
    )

    id: WireText | None = None
    inputs: Annotated[list[InputTensor], Field(fail_fast=True)] = Field(min_length=1, max_length=1)
    outputs: (
        Annotated[
            list[RequestedOutput],
            Field(fail_fast=True, max_length=3),
            AfterValidator(_distinct),
        ]
        | None
    ) = None
    parameters: OurOptions | None = None


class OutputTensor(WireModel):
    """Tensor of labels, or of one row of numbers for each text."""

    name: str
    shape: list[int]
    datatype: Literal["BYTES", "FP32"]
    data: list[Any]


class InferResponse(WireModel):
    """Response with one tensor for each output.

    ``parameters`` contains what answered (see ``Origin``) and the numbers of tokens.
    """

    model_name: str
    model_version: str
    id: str | None = None
    parameters: dict[str, Any]
    outputs: list[OutputTensor]


VERSION = "1"
"""Version of every model, in paths and metadata."""

_COUNT = "number of texts"


@dataclass(frozen=True)
class Infer:
    """A parsed request: its body, and the texts of its tensor in either encoding."""

    body: InferBody
    texts: list[str]


@probes.get("/v2/health/live", None)
async def live(call: Call) -> None:
    """Answers 200 while the server runs."""


@probes.get("/v2/models/{name:model}/ready", None)
async def model_ready(call: Call) -> None:
    """Answers 200 while the named model is ready; a word list always is."""
    name = _unversioned(call.name)
    try:
        classifier = call.app.classifier(name)
    except UnknownModel:
        raise UnknownModel(name, ()) from None  # without a key, so it must not list the models
    if classifier.route == "model":
        await ready(call)


@probes.get("/v2/health/ready", None)
async def ready(call: Call) -> None:
    """Answers 200 while the model is ready."""
    verdict = await call.app.ready()
    if not verdict.ready:
        raise Unavailable(f"The model is not ready: {verdict.reason}.")


@endpoints.get("/v2", ServerMetadata)
async def server_metadata(call: Call) -> ServerMetadata:
    """Describes the server."""
    from distilbert_sentiment_arch.settings.defaults import VERSION

    return ServerMetadata(name="max-sentiment", version=VERSION, extensions=[])


def parse(content: Content, headers: Mapping[str, str], limits: Limits) -> Infer:
    """Parses a request of either encoding: JSON, or JSON followed by the bytes of a binary tensor.

    Args:
        content: The body.
        headers: Headers of the request; one gives the length of the JSON if bytes follow it.
        limits: Limits of the operator.

    Raises:
        InputError: The body is not JSON, or data and shape of the tensor disagree.
        TooMuch: The request exceeds one of the limits.
        ValidationError: The JSON does not match ``InferBody``.
    """
    end = _json_end(headers.get(BINARY_HEADER), len(content))
    body = validated(content if end == len(content) else content[:end], InferBody, limits)
    (tensor,) = body.inputs
    count = tensor.shape[0]
    if tensor.shape not in ([count], [count, 1]) or count < 0:
        raise InputError(
            f"inputs[0] has a shape that is not [{_COUNT}] or [{_COUNT}, 1].", param="inputs"
        )
    if tensor.data is None:
        if count > limits.max_inputs:
            raise TooManyInputs(count, limits.max_inputs)
        size = (tensor.parameters or {}).get("binary_data_size")
        texts = list(_binary_texts(memoryview(content)[end:], size, count))
    else:
        texts = [_text(item) for item in tensor.data]
    if len(texts) != count:
        raise InputError(
            f"inputs[0] has {len(texts)} elements and the shape {tensor.shape}. "
            f"Send shape [{len(texts)}].",
            param="inputs",
        )
    return Infer(body, texts)


@endpoints.post(
    "/v2/models/{name:model}/infer", InferBody, InferResponse, parse=parse, drop_none=True
)
async def infer(call: Call, request: Infer) -> InferResponse:
    """Classifies texts."""
    body = request.body
    options = body.parameters or OurOptions()
    answers = await call.classify(
        _unversioned(call.name),
        request.texts,
        truncation=options.to_truncation(),
        fallback=options.fallback,
    )
    wanted = [output.name for output in body.outputs or ()] or ["label", "probabilities"]
    outputs = {tensor.name: tensor for tensor in _tensors(answers)}
    return InferResponse(
        model_name=answers.model,
        model_version=VERSION,
        id=body.id,
        parameters={
            **origin(answers).model_dump(exclude_none=True),
            "tokens": [answer.tokens for answer in answers.classifications],
            "tokens_read": [answer.tokens_read for answer in answers.classifications],
        },
        outputs=[outputs[each] for each in wanted],
    )


@endpoints.get("/v2/models/{name:model}", ModelMetadata)
async def model_metadata(call: Call) -> ModelMetadata:
    """Describes a model."""
    classifier = call.app.classifier(_unversioned(call.name))
    labels = len(classifier.labels)
    return ModelMetadata(
        name=classifier.name,
        versions=[VERSION],
        platform="max" if classifier.route == "model" else "lexicon",
        inputs=[TensorMetadata(name=INPUT, datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(name="label", datatype="BYTES", shape=[-1]),
            TensorMetadata(name="probabilities", datatype="FP32", shape=[-1, labels]),
            TensorMetadata(name="logits", datatype="FP32", shape=[-1, labels]),
        ],
    )


def _unversioned(name: str) -> str:
    """Returns a model name without ``/versions/1``, the only version that exists."""
    return name.removesuffix(f"/versions/{VERSION}")


def _tensors(answers: Answers) -> Iterator[OutputTensor]:
    found = answers.classifications
    rows, columns = len(found), len(found[0].labels)
    yield OutputTensor(
        name="label", shape=[rows], datatype="BYTES", data=[answer.label for answer in found]
    )
    for name, values in (
        ("probabilities", [answer.scores for answer in found]),
        ("logits", [answer.logits for answer in found]),
    ):
        flat = [value for row in values for value in row]
        yield OutputTensor(name=name, shape=[rows, columns], datatype="FP32", data=flat)


def _json_end(header: str | None, size: int) -> int:
    if header is None:
        return size
    if not header.isascii() or not header.isdigit() or len(header) > 12 or int(header) > size:
        raise InputError(f"{BINARY_HEADER} is not a length within the body.")
    return int(header)


def _text(item: Any) -> str:
    # Some clients send each element of a column as a list with one item.
    match item:
        case str() as text:
            return text
        case [str() as text]:
            return text
    raise InputError("inputs[0].data holds something that is not a text.", param="inputs")


def _binary_texts(content: memoryview, size: Any, count: int) -> Iterator[str]:
    if size != len(content):
        raise InputError(
            "inputs[0] has neither data nor as many bytes behind the JSON as "
            "parameters.binary_data_size says.",
            param="inputs",
        )
    offset = 0
    for _ in range(count):
        # Each element is its length, four bytes in little-endian order, followed by its bytes.
        head = content[offset : offset + 4]
        length = struct.unpack("<I", head)[0] if len(head) == 4 else len(content)
        element = content[offset + 4 : offset + 4 + length]
        if len(element) < length:
            raise InputError("inputs[0] is cut short.", param="inputs")
        try:
            yield str(element, "utf-8")
        except UnicodeDecodeError:
            raise InputError("inputs[0] holds bytes that are not UTF-8.", param="inputs") from None
        offset += 4 + length
    if offset < len(content):
        raise InputError(
            f"inputs[0] has more elements than the {count} of its shape.", param="inputs"
        )
