"""``max-sentiment ready``: what a health check and a unit file ask, without another tool."""

from __future__ import annotations

import http.client
import sys
import time

_PAUSE_S = 0.5
_TIMEOUT_S = 4.0


def ready(port: int, wait_s: float) -> int:
    """Asks ``GET /ready`` of the server on this machine.

    Args:
        port: Port of its API.
        wait_s: Seconds within which it has to become ready; 0 asks once.

    Returns:
        0 if it is ready, 1 if not; stderr says what is wrong.
    """
    end = time.monotonic() + wait_s
    while (wrong := _wrong(port)) and time.monotonic() < end:
        time.sleep(_PAUSE_S)
    if wrong:
        print(f"max-sentiment: port {port}: {wrong}", file=sys.stderr)
    return int(wrong is not None)


def _wrong(port: int) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        if answer.status == http.HTTPStatus.OK:
            return None
        return f"{answer.status} {answer.read().decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
