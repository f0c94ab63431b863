"""Command ``max-sentiment ready``: readiness check for containers and systemd units."""

from __future__ import annotations

import http.client
import sys
import time

_POLL_INTERVAL_S = 0.5
_TIMEOUT_S = 4.0


def ready(port: int, wait_s: float) -> int:
    """Sends ``GET /ready`` to the server on this machine until it is ready.

    Args:
        port: Port of its API.
        wait_s: Maximum seconds to wait; 0 sends one request.

    Returns:
        0 if the server is ready, 1 if not; stderr states the reason.
    """
    end = time.monotonic() + wait_s
    while (reason := _not_ready_reason(port)) and time.monotonic() < end:
        time.sleep(_POLL_INTERVAL_S)
    if reason:
        print(f"max-sentiment: port {port}: {reason}", file=sys.stderr)
    return int(reason is not None)


def _not_ready_reason(port: int) -> str | None:
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
