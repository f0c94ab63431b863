"""Malformed requests: bytes that are not HTTP, or that parsers interpret differently."""

from __future__ import annotations

import random

_GOOD = b'{"model": "afinn-111", "input": "good"}'
_SIZE = len(_GOOD)
_SECOND = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"


def _post(fields: bytes, body: bytes = _GOOD, start: bytes = b"POST /classify HTTP/1.1") -> bytes:
    return start + b"\r\nHost: localhost\r\n" + fields + b"\r\n" + body


def _chunked(body: bytes) -> bytes:
    return _post(b"Transfer-Encoding: chunked\r\n", body)


_LENGTHS = (
    *(b"-1", b"+5", b"5a", b"0x5", b"", b" ", b"5, 5", b"5,6", b"1e2", b"\xb2", b"9" * 40, b"5.0"),
    *(b"18446744073709551615", b"18446744073709551616", b"9223372036854775808", b"05", b"5 5"),
    *(str(_SIZE + 9).encode(), str(_SIZE - 9).encode(), b"0", b"1", b"\x00", b"5\x0b"),
)
_TRANSFERS = (
    *(b"chunked", b"Chunked", b"chunked, chunked", b"gzip, chunked", b"chunked, gzip", b"identity"),
    *(
        b"xchunked",
        b"chunked\x0b",
        b" chunked ",
        b"chunked;a=b",
        b"",
        b"\x00",
        b"chunke\r\n d",
        b",",
    ),
)
_CHUNKS = (
    *(b"zz\r\n" + _GOOD, b"-5\r\n" + _GOOD, b"5\r\n" + _GOOD, b"\r\n" + _GOOD, b"0x5\r\nabcde\r\n"),
    *(b"f" * 17 + b"\r\n" + _GOOD, b"7fffffffffffffff\r\n" + _GOOD, b"ffffffffffffffff\r\na"),
    *(
        b"5\nabcde\n0\n\n",
        b"5 \r\nabcde\r\n0\r\n\r\n",
        b"5;\r\nabcde\r\n0\r\n\r\n",
        b"5\r\nabcdefgh\r\n",
    ),
    *(
        b"5;" + b"a" * 100_000 + b"\r\nabcde\r\n0\r\n\r\n",
        b"1\r\na\r\n" * 2000,
        b"0\r\n",
        b"0\r\n\r",
    ),
    *(b"0\r\n" + b"X: a\r\n" * 3000 + b"\r\n", b"0\r\nContent-Length: 5\r\n\r\n" + _SECOND, b"5"),
    *(b"0\r\n\r\n" + _SECOND, b"00000000000\r\n\r\n", b"0\r\nX\r\n\r\n", b"0\r\n: a\r\n\r\n", b""),
)
_STARTS = (
    *(
        b"GET /",
        b"GET  /v1/models  HTTP/1.1",
        b"get /v1/models HTTP/1.1",
        b"GET /v1/models HTTP/9.9",
    ),
    *(b"GET /v1/models HTTP/2.0", b"GET /v1/models HTTP/1", b"GET /v1/models HTTP/1.10", b"GET"),
    *(
        b"GET /v1/models http/1.1",
        b"GET /v1/models HTP/1.1",
        b"GET /v1/models",
        b"GET\t/\tHTTP/1.1",
    ),
    *(
        b"GET /v1 /models HTTP/1.1",
        b"GET /v1\x00models HTTP/1.1",
        b"GET \x00 HTTP/1.1",
        b"\x00",
        b" ",
    ),
    *(b"GET /\xff\xfe HTTP/1.1", b"GET /\xf0\x9f\x98\x80 HTTP/1.1", b"GET v1/models HTTP/1.1"),
    *(b"GET :// HTTP/1.1", b"GET http:// HTTP/1.1", b"GET http://[ HTTP/1.1", b"GET ? HTTP/1.1"),
    *(b"CONNECT localhost:1 HTTP/1.1", b"CONNECT /classify HTTP/1.1", b"OPTIONS * HTTP/1.1"),
    *(
        b"BREW /pot HTTP/1.1",
        b"G\x00T / HTTP/1.1",
        b"A" * 10_000 + b" / HTTP/1.1",
        b"PRI * HTTP/2.0",
    ),
    *(b"GET /" + b"a" * 70_000 + b" HTTP/1.1", b"GET /" + b"%41" * 40_000 + b" HTTP/1.1", b":"),
    *(
        b"GET /v1/models HTTP/0.9",
        b"GET /v1/models HTTP/1.0",
        b"HTTP/1.1 200 OK",
        b"\r\n\r\nGET / HTTP/1.1",
    ),
)
_FIELDS = (
    *(
        b"X: a\r\n b\r\n",
        b"X: a\r\n\tb\r\n",
        b" X: a\r\n",
        b"X\r\n",
        b"X : a\r\n",
        b": a\r\n",
        b"X\x00: a\r\n",
    ),
    *(
        b"X: a\x00b\r\n",
        b"X: \x01\x7f\r\n",
        b"X: a\rb\r\n",
        b"X: a\nY: b\n",
        b"\xff\xfe: a\r\n",
        b"X: a\r",
    ),
    *(
        b"Host: b\r\n",
        b"Host:\r\nHost: [\r\n",
        b"(X): a\r\n",
        b'"X": a\r\n',
        b"X y: a\r\n",
        b"X: a\r\r\n",
    ),
    *(b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", b"X;a\r\n"),
    *(
        b"Connection: close, keep-alive, Host\r\n",
        b"Connection: \xff\r\n",
        b"Proxy-Connection: a\r\n",
    ),
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n",
)
_TLS_HELLO = bytes.fromhex("16030100650100006103035f") + bytes(90)
_OTHER_PROTOCOLS = (
    *(_TLS_HELLO, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), b"SSH-2.0-OpenSSH_9.0\r\n"),
    *(b"EHLO a\r\n", b"*1\r\n$4\r\nPING\r\n", b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"\x05\x01\x00"),
    *(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + _SECOND, b"\r\n" * 500, b"\n" * 3 + _SECOND, b""),
)


def malformed(generator: random.Random) -> tuple[str, bytes]:
    """Returns a malformed request: the kind of its defect, and its bytes."""
    choose = generator.choice
    match generator.randrange(8):
        case 0:
            return "Content-Length", _post(b"Content-Length: " + choose(_LENGTHS) + b"\r\n")
        case 1:
            lengths = b"".join(b"Content-Length: %d\r\n" % choose((_SIZE, _SIZE, 5)) for _ in "ab")
            return "two lengths", _post(lengths, _GOOD + choose((b"", _SECOND)))
        case 2:
            transfer = b"Transfer-Encoding: " + choose(_TRANSFERS) + b"\r\n"
            length = choose((b"", b"Content-Length: %d\r\n" % _SIZE))
            body = choose((_GOOD, b"%x\r\n%b\r\n0\r\n\r\n" % (_SIZE, _GOOD)))
            return "length and chunks", _post(transfer + length, body + choose((b"", _SECOND)))
        case 3:
            return "chunks", _chunked(choose(_CHUNKS))
        case 4:
            return "request line", choose(_STARTS) + b"\r\nHost: a\r\n\r\n"
        case 5:
            length = b"Content-Length: %d\r\n" % _SIZE
            return "header fields", _post(choose(_FIELDS) + length)
        case 6:
            return "another protocol", choose(_OTHER_PROTOCOLS)
        case _:
            return "noise", generator.randbytes(choose((1, 4, 30, 300, 5000))) + b"\r\n\r\n"
