"""Flags of ``max-sentiment doctor``."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.cli.probe_flags import add_probe
from distilbert_sentiment_arch.cli.settings import add_precision
from distilbert_sentiment_arch.settings.defaults import ANY_ADDRESS, METRICS_PORT

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

HOST, PORT = "MAX_SERVE_HOST", "MAX_SERVE_PORT"
"""Environment variables of MAX Serve."""

NO_METRICS = {"MAX_SERVE_DISABLE_TELEMETRY", "MAX_SERVE_METRIC_RECORDING_METHOD"}
"""Environment variables with which `serve` leaves the port for Prometheus unchecked."""


def add_doctor(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command to those of ``max-sentiment``."""
    doctor = commands.add_parser(
        "doctor",
        help="say what runs on this machine, and what to do about the rest",
        description=(
            "Looks at what a server depends on and says what it found, what that means and what to "
            "do. Exit status: 0 fit, 3 fit with warnings, 4 unfit; 1 and 2 are those of a command "
            "that failed and of wrong flags."
        ),
        allow_abbrev=False,
    )
    doctor.add_argument("--json", action="store_true", help="print a JSON object")
    doctor.add_argument(
        "--host",
        default=os.environ.get(HOST, ANY_ADDRESS),
        help=f"address that the server is to listen on (default: %(default)s) [{HOST}]",
    )
    doctor.add_argument(
        "--port",
        type=int,
        default=os.environ.get(PORT, "8000"),
        help=f"port of its API (default: %(default)s) [{PORT}]",
    )
    doctor.add_argument(
        "--metrics-port",
        type=int,
        default="0" if os.environ.keys() & NO_METRICS else os.environ.get(METRICS_PORT, "8001"),
        help=f"port for Prometheus, 0 for none (default: %(default)s) [{METRICS_PORT}]",
    )
    doctor.add_argument(
        "--devices",
        default="cpu",
        metavar="DEVICE",
        help="what it is to compute on: cpu, auto, gpu, gpu:1 (default: %(default)s)",
    )
    doctor.add_argument(
        "--timeout",
        type=float,
        default=120,
        metavar="SECONDS",
        help="how long MAX may take for an answer (default: %(default)s)",
    )
    add_precision(doctor)
    add_probe(doctor)
    return doctor
