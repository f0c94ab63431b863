"""Hostile heads that are valid HTTP: methods, targets and header fields."""

from __future__ import annotations

import base64
import gzip
import random
import re
import zlib
from collections.abc import Sequence

from scripts.besieging.schemas import MODEL

Fields = list[tuple[str, str]]

POST_PATHS = (
    *("/classify", "/v1/classify", "/predict", "/v1/decisions", "/v1/embeddings"),
    *("/v1/lexicon/classify", "/v1/models/afinn-111:predict", "/v2/models/afinn-111/infer"),
    *(f"/v1/models/{MODEL}:predict", f"/v2/models/{MODEL}/versions/1/infer"),
    *("/rerank", "/v1/rerank", "/v2/rerank", "/score", "/v1/score"),
)
GET_PATHS = (
    *("/v1/models", "/v1/models/afinn-111", f"/v1/models/{MODEL}", "/v2", "/v2/health/live"),
    *("/v2/models/mvp-29", "/v2/models/afinn-111/ready", "/v2/models/afinn-111/versions/1"),
    *("/v2/models/afinn-111/versions/2", "/v1/models/none", "/v2/models/none/ready"),
)
SERVER_PATHS = (
    *("/health", "/v1/health", "/ping", "/version", "/docs/oauth2-redirect"),
    *("/reset_prefix_cache", "/max_internal/eplb_stats", "/max_internal/eplb_stats_reset"),
    *("/max_internal/nothing", "/metrics", "/v1/load_lora_adapter", "/v1/unload_lora_adapter"),
    *("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/images/generations"),
    *(
        "/invocations",
        "/v1/batches",
        "/v1/systemone",
        "/v1/audio/speech",
        "/v1/files",
        "/v1/realtime",
    ),
)
COSTLY_PATHS = (
    "/ready",
    "/v2/health/ready",
    f"/v2/models/{MODEL}/ready",
    "/docs",
    "/docs/swagger-ui-bundle.js",
    "/openapi.json",
)
"""Paths that use the model or have a long response."""
UNKNOWN_PATHS = (
    *("/", "//", "/.", "/..", "/../../etc/passwd", "/classify/", "//classify", "/./classify"),
    *("/redoc", "/page/", "/page/../page_files.py", "/page/page.css/..", "/docs/index.html"),
    *("/classify/../predict", "/CLASSIFY", "/classify;a=b", "/v1", "/v1/", "/v2/", "/v3/models"),
    *(
        "/v1/models/",
        "/v1/models//",
        "/v1/models/:predict",
        "/v2/models//infer",
        "/v2/models/a//ready",
    ),
    *(
        "/v1/models/a/b/c:predict",
        "/v2/models/a/infer/b",
        "/v2/models/a/versions/1/versions/1/infer",
    ),
    *(
        "/v1/models/a:predict:predict",
        "/predict/more",
        "/rerank/more",
        "/v2/nothing",
        "/favicon.ico",
        "/robots.txt",
    ),
    *("/.env", "/.git/config", "/wp-login.php", "/api/v1/pods", "/actuator/health", "/cgi-bin/a"),
    *("/classify%00", "/%00", "/%", "/%2", "/%zz", "/%2e%2e/%2e%2e", "/v1/models/%2F%2e%2e%2f"),
    *(
        "/v1/models/%ff%fe",
        "/v2/models/%F0%9F%98%80/infer",
        "/v1/models/%ED%A0%80",
        "/%0d%0aX:%20a",
    ),
    *("/v1/models/{name}", "/v1/models/${a}", "/v1/models/%s%n", "/a|b", "/<script>", "/'or'1'='1"),
    *(
        "/classify?",
        "/classify?a=b&a=c",
        "/classify?%ff",
        "/v1/models?limit=-1",
        "/classify#a",
        "/?" * 9,
    ),
    *(
        "http://localhost/classify",
        "http://elsewhere.test/v1/models",
        "http://a:b@c/v1/models",
        "*",
    ),
)
METHODS = (
    *("GET", "GET", "GET", "GET", "POST", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
    *("TRACE", "PROPFIND", "PURGE", "M-SEARCH", "REPORT", "LINK", "SOURCE"),
)
_UNAMBIGUOUS = re.compile(r"/[A-Za-z0-9_.:/-]*(\?.*)?")


def target(generator: random.Random) -> str:
    """Returns a target: an endpoint, a path of the server itself, or an unknown path."""
    place = generator.random()
    if place < 0.25:
        return generator.choice(POST_PATHS)
    if place < 0.45:
        return generator.choice(GET_PATHS)
    if place < 0.6:
        return generator.choice(SERVER_PATHS)
    if place < 0.605:
        return generator.choice(COSTLY_PATHS)
    if place < 0.85:
        return generator.choice(UNKNOWN_PATHS)
    return _random_target(generator)


def _random_target(generator: random.Random) -> str:
    place = generator.random()
    prefix = generator.choice(("/", "/v1/", "/v2/", "/v1/models/", "/v2/models/", "/predict/"))
    if place < 0.02:
        return prefix + "a" * generator.randint(4000, 60_000)
    if place < 0.04:
        return prefix + "a/" * generator.randint(500, 10_000)
    if place < 0.5:
        escaped = "".join(
            f"%{generator.randrange(256):02x}" for _ in range(generator.randint(1, 9))
        )
        return (
            prefix + escaped + generator.choice(("", ":predict", "/infer", "/ready", "?" + escaped))
        )
    # RFC 3986 does not allow some of these unescaped; parsers differ.
    return prefix + "".join(generator.choices("ab.~!$&'()*+,;=:@/?-_%|<>^`{}\\\"[]", k=8))


def path_of(target: str) -> str | None:
    """Returns the path of a target; None if parsers may disagree about it."""
    if _UNAMBIGUOUS.fullmatch(target) and "//" not in target and "/." not in target:
        return target.partition("?")[0]
    return None


_UNUSUAL_FIELDS: Sequence[tuple[str, Sequence[str]]] = (
    ("X-Sentiment-Truncation", ("start", "end", "end", "END", "", "window ", "start, end", "\xe9")),
    ("X-Sentiment-Fallback", ("off", "overload", "always-available", "on", "", "off, off", "\xff")),
    (
        "Authorization",
        ("Bearer", "Bearer ", "Bearer a", "Basic Og==", "Bearer \xff", "bearer a b", ""),
    ),
    ("Content-Type", ("", "text/xml", "application/json; charset=utf-16", "multipart/form-data")),
    (
        "Content-Type",
        ("application/x-www-form-urlencoded", "a", "application/json;" * 40, "/", "\xff"),
    ),
    (
        "Content-Encoding",
        ("gzip", "deflate", "br", "zstd", "identity", "IDENTITY", "", "gzip, br", "x"),
    ),
    ("Inference-Header-Content-Length", ("0", "1", "-1", "99999", "a", "\xb2", "1" * 40, "2, 2")),
    (
        "Accept",
        ("text/html", "application/xml;q=1", "*/*;q=0", "", "a" * 900, "application/msgpack"),
    ),
    ("Accept-Encoding", ("gzip", "br;q=1.0", "identity;q=0", "*;q=0", "gzip;q=nan")),
    ("X-Request-Id", ("a", "", "a" * 3000, "\xff", "a b", "a\tb", "%0d%0aSet-Cookie: a=b")),
    ("traceparent", ("00-" + "a" * 32 + "-" + "b" * 16 + "-01", "00-0-0-0", "", "ff-x", "a" * 999)),
    ("tracestate", ("a=b", "=", "a" * 600, ",,,,")),
    ("baggage", ("a=b", "a=%ff", "=" * 300, "a" * 9000)),
    ("Cookie", ("a=b", "a=" + "b" * 4000, ";;;;", "\xff=\xff")),
    ("Range", ("bytes=0-1", "bytes=-1", "bytes=" + "0-1," * 400)),
    ("If-None-Match", ("*", '"a"')),
    ("Expect", ("200-ok", "")),
    ("Origin", ("null", "http://elsewhere.test", "\xff")),
    ("Access-Control-Request-Method", ("POST", "a")),
    ("X-Forwarded-For", ("127.0.0.1", "a", "," * 300, "::1%lo")),
    ("X-Forwarded-Proto", ("https", "javascript", "")),
    ("X-Forwarded-Host", ("elsewhere.test", "[", "a/b")),
    ("X-HTTP-Method-Override", ("DELETE", "\xff")),
    ("Forwarded", ("for=a;host=[", '="')),
    ("Keep-Alive", ("timeout=0, max=0", "timeout=a")),
    ("TE", ("trailers", "chunked", "gzip;q=0")),
    ("User-Agent", ("", "a" * 8000, "() { :; }; echo a", "\xff", "${jndi:ldap://127.0.0.1/a}")),
    ("X-" + "a" * 2000, ("a",)),
    ("Date", ("a",)),
)


def unusual_fields(generator: random.Random) -> Fields:
    """Returns one to six unusual header fields."""
    chosen = generator.choices(_UNUSUAL_FIELDS, k=generator.choice((1, 1, 2, 3, 6)))
    return [(name, generator.choice(values)) for name, values in chosen]


BAD_HOSTS = (
    *("[", "[::1", "[a]", "a b", "a@b", "a/b", "a/classify?", "a#b", "a?b", "\xff", "", ":", "a:b"),
    *(
        "a:99999999",
        "a:-1",
        "\u00df".encode().decode("latin-1"),
        "a" * 5000,
        "a, b",
        "%00",
        "[v1.a]",
    ),
    *("]", "[[]]", "//a", "a\\b", "{}", "[::ffff:1.2.3.4%25a]"),
)


def compressed(generator: random.Random, content: bytes) -> tuple[str, bytes]:
    """Returns the name of an encoding, and the body compressed with it or with another one."""
    packed = generator.choice(
        (gzip.compress(content, 1, mtime=0), zlib.compress(content, 1), base64.b64encode(content))
    )
    return generator.choice(("gzip", "deflate", "br", "compress", "identity", "gzip, gzip")), packed


def head(method: str, target: str, fields: Fields, version: str = "HTTP/1.1") -> bytes:
    """Returns a head, including the empty line at its end."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{method} {target} {version}\r\n{lines}\r\n".encode("latin-1")


def too_many_fields(generator: random.Random) -> Fields:
    """Returns a very large number of header fields, or a very long one."""
    if generator.random() < 0.5:
        return [(f"X-{number}", "a") for number in range(generator.choice((200, 1000, 3000, 9000)))]
    return [("X-Long", "a" * generator.choice((8_000, 30_000, 60_000, 70_000, 200_000)))]
