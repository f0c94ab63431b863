"""``max serve --custom-architectures`` in an environment with MAX only.

The environment is real: ``uv pip install modular`` and nothing else. It is kept in .tools, and
restored to that state before each run.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from commands import ROOT, run

from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY, PACKAGE
from scripts.server_process import free_ports

MODULAR = "modular==26.7.0"

INSTALL = f"""
set -euo pipefail
source scripts/environment
need_uv
if [ ! -e "$0/installed" ]; then
    "${{UV[@]}}" venv --quiet --clear --python "$1" "$0"
    "${{UV[@]}}" pip install --quiet --python "$0/bin/python" {MODULAR}
    "${{UV[@]}}" pip freeze --python "$0/bin/python" >"$0/installed"
fi
"${{UV[@]}}" pip sync --quiet --python "$0/bin/python" "$0/installed"
"""

UNREACHABLE = ("Failed to fetch", "Could not connect", "error sending request", "dns error")

pytestmark = pytest.mark.slow


@pytest.fixture
def modular() -> Path:
    """The directory of an environment with `modular` and its dependencies only."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    directory = ROOT / ".tools" / f"{MODULAR}-python{version}"
    ended = run("bash", "-c", INSTALL, directory, sys.executable, timeout=900)
    if any(sign in ended.stderr for sign in UNREACHABLE):
        pytest.skip("the package registry cannot be reached")
    assert ended.returncode == 0, ended.stderr
    return directory


def max_serve(modular: Path, port: int) -> list[str]:
    return [
        str(modular / "bin" / "max"),
        *("serve", "--custom-architectures", str(PACKAGE), "--model", str(DEFAULT_DIRECTORY)),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]


def test_missing_packages_are_one_line_whose_command_makes_max_serve_work(
    modular: Path, tmp_path: Path
) -> None:
    port, metrics_port = free_ports(2)
    environment = {
        "MAX_SERVE_METRICS_ENDPOINT_PORT": str(metrics_port),
        "OTEL_SDK_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPATH": "",
    }
    ended = run(*max_serve(modular, port), environment=environment)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    line = ended.stderr.splitlines()[-1]
    lacking = "circuitbreaker, fastapi-swagger, httptools"
    assert line.startswith(f"max-sentiment: this environment lacks {lacking}. ")
    program, *arguments = shlex.split(line.partition("Install what is needed: ")[2])
    assert program == "uv"
    installing = 'source scripts/environment; need_uv; "${UV[@]}" "$@"'
    assert run("bash", "-c", installing, "uv", *arguments).returncode == 0

    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            max_serve(modular, port),
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(os.environ) | environment,
            cwd=tmp_path,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, server, log)
        answer = httpx.post(f"{url}/classify", json={"input": "What a wonderful film."}).json()
        assert answer["data"][0]["label"] == "POSITIVE"
        assert answer["route"] == "model"
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(60)
    assert status == 128 + signal.SIGTERM  # the exit status of plain `max serve`


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 400
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text(errors="replace")[-4000:]
        try:
            if httpx.get(f"{url}/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(log.read_text(errors="replace")[-4000:])
