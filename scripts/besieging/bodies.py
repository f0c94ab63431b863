"""Hostile bodies: those of ``schemas``, damaged in their values, their syntax or their bytes."""

from __future__ import annotations

import copy
import json
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from scripts.besieging.schemas import BUILDERS, WORD_LISTS, Json
from scripts.besieging.texts import Texts

MIB = 1 << 20
HEAVY_BYTES = 20_000
"""Bytes from which a body may take long to process."""

_PLACEHOLDER = "@hole@"


@dataclass(frozen=True, slots=True)
class Body:
    """A body and the path to which it is sent.

    Attributes:
        kind: Kind of the hostility, for the report.
        path: The path for which it was made.
        content: The bytes.
        headers: Header fields that it needs.
    """

    kind: str
    path: str
    content: bytes
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def heavy(self) -> bool:
        """Whether the server may need long to process it."""
        return len(self.content) > HEAVY_BYTES or self.content.count(b",") > 64


_JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 1.5, -0.0, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, 2**64, 10**30),
    *(-(2**63), 999_999_999, 1e308, 5e-324, "", " ", "\x00", "a", "NaN", "null", "start", "window"),
    *("\ud800", "a\udfffb", "\u200b", "\ufeff", "../", "<script>", "%s%n", "${7*7}", "A" * 3000),
    *([], {}, [[]], [{}], [None], [0, "a"], [""], [[[["a"]]]], ["a", ["b"]], [True], [1.0], [-1]),
    *({"a": 1}, {"": ""}, {"text": "a"}, {"$ref": "#"}, {"__proto__": 1}, {"role": "user"}),
)

_SYNTAX: tuple[bytes, ...] = (
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e-999", b"1" * 5000, b"-0.0"),
    *(b"0." + b"1" * 3000, b"1E400", b"01", b"+1", b".5", b"1.", b"-", b"0x10", b"1_000"),
    *(b"nul", b"True", b"undefined", b"'a'", b"", b",", b"]", b"}", b"\x00", b"/* */ 1", b"a"),
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\x00"', b'"\x01"', b'"\n"', b'"\\x41"'),
    *(b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"', b'"a'),
    *(b"[" * 40 + b"]" * 40, b"[" * 900 + b"]" * 900, b'{"a":' * 300 + b"1" + b"}" * 300),
)
_DEEP: tuple[bytes, ...] = (
    b"[" * 100_000,
    b"[" * 50_000 + b"]" * 50_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b"9" * 100_000,
    b"-1" + b"0" * 50_000 + b".5e-3",
    b'"' + b"\\u0301\\u0323" * 8000 + b'"',
)


def body(generator: random.Random, texts: Texts) -> Body:
    """Returns a random body for one of the dialects; some are valid."""
    place = generator.random()
    if place < 0.00025:
        return generator.choice(huge())
    if place < 0.04:
        return _binary(generator, texts)
    path, value = generator.choice(BUILDERS)(generator, texts)
    if place < 0.22:
        return Body("valid or nearly", path, json.dumps(value).encode())
    kind, mutate = generator.choice(_MUTATIONS)
    return Body(kind, path, mutate(generator, value))


def _junk(generator: random.Random) -> Any:
    # Copied, because it may be changed further, and requests must not depend on each other.
    return copy.deepcopy(generator.choice(_JUNK))


def _replace_random_value(generator: random.Random, value: Any, new: Any) -> None:
    """Replaces a random value at any depth."""
    while True:
        key = generator.choice(list(value)) if isinstance(value, dict) else None
        if isinstance(value, list):
            key = generator.randrange(len(value))
        inner = value[key]
        if not isinstance(inner, (dict, list)) or not inner or generator.random() < 0.45:
            value[key] = new
            return
        value = inner


def _types(generator: random.Random, value: Json) -> bytes:
    for _ in range(generator.choice((1, 1, 1, 2, 4))):
        _replace_random_value(generator, value, _junk(generator))
    return json.dumps(value).encode()


def _fields(generator: random.Random, value: Json) -> bytes:
    for _ in range(generator.choice((1, 1, 2))):
        if value and generator.random() < 0.6:
            del value[generator.choice(list(value))]
        else:
            value[generator.choice(("input", "inputs", "x", "", "model", "id", "\ud800"))] = _junk(
                generator
            )
    return json.dumps(value).encode()


def _twice(generator: random.Random, value: Json) -> bytes:
    key = generator.choice(list(value))
    first = json.dumps({key: _junk(generator)})[1:-1]
    return f"{{{first}, {json.dumps(value)[1:]}".encode()


def _syntax(generator: random.Random, value: Json) -> bytes:
    _replace_random_value(generator, value, _PLACEHOLDER)
    raw = generator.choice(_DEEP if generator.random() < 0.004 else _SYNTAX)
    return json.dumps(value).encode().replace(f'"{_PLACEHOLDER}"'.encode(), raw)


def _encodings(generator: random.Random, value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False)
    encoding = generator.choice(("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "utf-7"))
    return text.encode(encoding, "replace")


def _unescaped(generator: random.Random, value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _cut(generator: random.Random, value: Json) -> bytes:
    content = json.dumps(value).encode()
    return content[: generator.randrange(len(content))]


def _trailing(generator: random.Random, value: Json) -> bytes:
    rest = generator.choice((b"x", b"\x00", b"{}", b"]", b" " * 2000, b"\n\n", b"\xef\xbb\xbf"))
    content = json.dumps(value).encode()
    return content + rest if generator.random() < 0.7 else rest + content


def _flipped(generator: random.Random, value: Json) -> bytes:
    content = bytearray(json.dumps(value).encode())
    for _ in range(generator.choice((1, 1, 2, 8))):
        content[generator.randrange(len(content))] = generator.randrange(256)
    return bytes(content)


def _noise(generator: random.Random, value: Json) -> bytes:
    return generator.choice(
        (
            *(b"", b"null", b"[]", b"{}", b'""', b"0", b"true", b" ", b"input=good&a=b"),
            *(b"--a\r\nContent-Disposition: form-data\r\n", b"<a/>", b"\x1f\x8b\x08\x00"),
            generator.randbytes(generator.choice((1, 16, 300))),
        )
    )


_MUTATIONS: tuple[tuple[str, Callable[[random.Random, Json], bytes]], ...] = (
    ("other types", _types),
    ("other types", _types),
    ("fields gone or new", _fields),
    ("a key twice", _twice),
    ("other syntax", _syntax),
    ("other syntax", _syntax),
    ("other encoding", _encodings),
    ("unescaped", _unescaped),
    ("JSON cut", _cut),
    ("JSON and more", _trailing),
    ("flipped bytes", _flipped),
    ("no JSON object", _noise),
)


def _binary(generator: random.Random, texts: Texts) -> Body:
    """Returns a body with a binary tensor, for KServe V2; some state wrong lengths or shapes."""
    elements = [generator.choice(texts.small).encode() for _ in range(generator.randint(0, 4))]
    lie = generator.choice((None, None, "element", "size", "header", "bytes", "shape"))
    packed = b"".join(
        struct.pack("<I", len(each) if lie != "element" else generator.getrandbits(32)) + each
        for each in elements
    )
    if lie == "bytes":
        packed = generator.randbytes(len(packed) + 3)
    size: Any = generator.choice((0, -1, 2**40, "a", None)) if lie == "size" else len(packed)
    shape = generator.choice(([], [-1], [2**63], ["a"])) if lie == "shape" else [len(elements)]
    tensor = {"name": "text", "shape": shape, "datatype": "BYTES"}
    head = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": size}}]}).encode()
    length = str(len(head))
    if lie == "header":
        length = generator.choice(("-1", "0", "9" * 30, "a", "", " 1", "1.5", "\xb2", str(2**40)))
    name = generator.choice(WORD_LISTS)
    return Body(
        "binary tensor",
        f"/v2/models/{name}/infer",
        head + packed,
        (("Inference-Header-Content-Length", length),),
    )


@cache
def huge() -> tuple[Body, ...]:
    """Returns the bodies whose size is close to or above the limit."""
    words = b'{"input": "' + b"word " * MIB + b'"}'
    contents: dict[str, tuple[str, bytes]] = {
        "a byte over 8 MiB": ("/classify", b'{"input": "' + b"a" * (8 * MIB - 12) + b'"}'),
        "just under 8 MiB of one word": (
            "/classify",
            b'{"input": "' + b"a" * (8 * MIB - 64) + b'"}',
        ),
        "5 MiB of words": ("/v1/embeddings", words),
        "5 MiB for a word list": ("/classify", b'{"model": "afinn-111", ' + words[1:]),
        "8 MB of marks": (
            "/predict",
            b'{"inputs": "' + "\u0301\u0323".encode() * 2_000_000 + b'"}',
        ),
        "8 MB of ids": ("/classify", b'{"input": [' + b"101," * 2_000_000 + b"102]}"),
        "6 MB of texts": ("/predict", b'{"inputs": [' + b'["a"],' * MIB + b'["b"]]}'),
        "5 MB of keys": ("/v1/decisions", b"{" + b'"a":0,' * (900_000) + b'"b":0}'),
        "a megabyte of depth": ("/v1/lexicon/classify", b'{"input": ' + b"[" * MIB),
        "a megabyte of instances": (
            "/v1/models/afinn-111:predict",
            b'{"instances": [' + b'"a",' * 300_000 + b'"b"]}',
        ),
    }
    return tuple(Body(f"huge: {kind}", *each) for kind, each in contents.items())
