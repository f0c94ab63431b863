"""Configurations: TOML files that define what a run measures, validated before it starts.

The files in ``configurations/`` are the documentation of the format by example.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scripts.benchmarking.errors import ConfigError
from scripts.benchmarking.paths import CONFIGURATIONS, CORPUS, PACKAGE

EMBEDDED, BASE_RANDOM = "embedded", "distilbert-base-random"
MIXED = "mixed"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Repetitions(_Table):
    """Number and duration of the timings.

    Attributes:
        rounds: Turns that each engine gets at each workload, in a new random order each time.
        warmup_s: Seconds run untimed at the start of a turn, at least one batch.
        turn_s: Seconds timed in a turn.
        least_passes: Minimum number of passes timed in a turn.
        resamples: Resamples of a bootstrap.
        confidence: Confidence level of the bootstrap intervals, 0 to 1.
    """

    rounds: int = Field(default=5, ge=1)
    warmup_s: float = Field(default=0.15, ge=0)
    turn_s: float = Field(default=0.4, ge=0)
    least_passes: int = Field(default=3, ge=1)
    resamples: int = Field(default=5000, ge=100)
    confidence: float = Field(default=0.95, gt=0, lt=1)


class EngineConfig(_Table):
    """An engine in process: a module of ``engines/`` and its options.

    Attributes:
        module: The module.
        options: Its options.
        variant_of: The engine that this is a variant of. Of an engine and its variants, summary
            and targets take the best at each workload.
    """

    module: str
    options: dict[str, Any] = {}
    variant_of: str = ""


class ServerConfig(_Table):
    """A server: a module of ``servers/`` and its options.

    Attributes:
        module: The module.
        options: Its options.
        engine: The engine that it computes with; the summary shows both in one row.
        variant_of: The server that this is a variant of, as for engines.
    """

    module: str
    options: dict[str, Any] = {}
    engine: str = ""
    variant_of: str = ""


class TargetConfig(_Table):
    """A figure that this project holds itself to, at each of several workloads.

    Attributes:
        what: What is promised, in words.
        figure: ``pass`` is the time of a pass; the others are of a load: ``texts`` a second, or the
            latencies ``p50`` and ``p99``.
        subject: The engine, or the server, that has to reach it.
        against: What it is compared with, its variants included; empty for an absolute time.
        models: Names of models; empty for all that were measured.
        workloads: Shapes and corpora, or loads; a corpus is taken at each engine's best batch.
        times: So many times as good as ``against``, at least.
        at_most_ms: Milliseconds that the figure may have.
    """

    what: str
    figure: Literal["pass", "texts", "p50", "p99"]
    subject: str
    against: str = ""
    models: list[str] = []
    workloads: list[str]
    times: float | None = Field(default=None, gt=0)
    at_most_ms: float | None = Field(default=None, gt=0)


class CorpusConfig(_Table):
    """Labelled texts, timed at several batch sizes.

    Attributes:
        path: JSONL of ``{"text", "label"}`` or TSV with these columns; ``mixed`` is included.
        batches: Batch sizes; the report shows each engine's best.
        limit: Number of texts to use, spread evenly; 0 for all.
    """

    path: str = MIXED
    batches: list[int] = [1, 8, 32]
    limit: int = Field(default=0, ge=0)

    @property
    def file(self) -> Path:
        """The file behind ``path``."""
        return CORPUS if self.path == MIXED else Path(self.path)


class LoadConfig(_Table):
    """The load that is sent to servers.

    Attributes:
        seconds: Seconds of each measurement.
        warmup_s: Seconds of load before it.
        rounds: Measurements of each server, in a new random order each time.
        concurrency: Closed loop: numbers of callers; each sends its next request after an answer.
        rates: Open loop: Poisson arrivals, requests per second.
        tokens: Tokens of a single text, special ones included.
        list_size: Texts in a request of the list workload; 0 for none.
        list_concurrency: Callers of the list workload.
        cold_start: Also start each server with empty caches.
    """

    seconds: float = Field(default=10, gt=0)
    warmup_s: float = Field(default=3, ge=0)
    rounds: int = Field(default=3, ge=1)
    concurrency: list[int] = [1, 4, 16, 64]
    rates: list[float] = []
    tokens: int = Field(default=32, ge=3)
    list_size: int = Field(default=64, ge=0)
    list_concurrency: int = Field(default=1, ge=1)
    cold_start: bool = True

    @property
    def kinds(self) -> int:
        """Loads that each server gets in a round."""
        return len(self.concurrency) + len(self.rates) + bool(self.list_size)


class Config(_Table):
    """A whole run.

    Attributes:
        models: ``embedded``, ``distilbert-base-random``, those of ``random_models``, or
            directories.
        threads: Threads that an engine computes with; 0 for one per core.
        seed: Random seed of orders, fixed shapes, arrivals and bootstraps.
        baseline: The engine that ratios refer to.
        shapes: Fixed shapes, ``BATCHxTOKENS``.
        corpora: Labelled texts by name.
        profile_shapes: Shapes that ``--profile`` splits by operator.
        engines: Engines by name.
        servers: Servers by name.
        server_models: Models that servers are measured with.
        server_baseline: The server that ratios refer to.
        targets: Figures that this project holds itself to.
    """

    models: list[str] = [EMBEDDED]
    threads: int = Field(default=0, ge=0)
    seed: int = 2026
    baseline: str
    shapes: list[str] = []
    corpora: dict[str, CorpusConfig] = {}
    profile_shapes: list[str] = ["1x32", "32x32"]
    repetitions: Repetitions = Repetitions()
    engines: dict[str, EngineConfig] = {}
    servers: dict[str, ServerConfig] = {}
    server_models: list[str] = [EMBEDDED]
    server_baseline: str = ""
    load: LoadConfig = LoadConfig()
    targets: list[TargetConfig] = []


def read_config(name: str | Path) -> Config:
    """Reads and checks a configuration.

    Args:
        name: A file, or the name of one in ``configurations/``, without its ending.

    Raises:
        ConfigError: It cannot be read or is invalid.
    """
    path = Path(name)
    if not path.suffix:
        path = CONFIGURATIONS / f"{name}.toml"
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(configurations())
        raise ConfigError(f"There is no {path}; known configurations are {known}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from None
    return check_config(values, str(path))


def configurations() -> list[str]:
    """Returns the names of the files in ``configurations/``."""
    return sorted(each.stem for each in CONFIGURATIONS.glob("*.toml"))


def check_config(values: dict[str, Any], source: str) -> Config:
    """Returns a checked configuration.

    Args:
        values: The tables of the file.
        source: Its name, for messages.

    Raises:
        ConfigError: A value is unknown, missing or out of range.
    """
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{source}: {where}: {first['msg']} (it is {first['input']!r})."
        ) from None
    for shape in (*config.shapes, *config.profile_shapes):
        parse_shape(shape, source)
    for kind, tables in (("engines", config.engines), ("servers", config.servers)):
        for name, table in tables.items():
            known = modules(kind)
            if table.module not in known:
                raise ConfigError(
                    f"{source}: {kind}.{name}.module: {table.module!r} is no file of "
                    f"benchmarking/{kind}; there are {', '.join(known)}."
                )
    for target in config.targets:
        if bool(target.against) != (target.times is not None) or (
            not target.against and target.at_most_ms is None
        ):
            raise ConfigError(
                f"{source}: targets: {target.what!r} needs either against and times, or at_most_ms."
            )
    for key, names in (("baseline", config.engines), ("server_baseline", config.servers)):
        value = getattr(config, key)
        if names and value not in names:
            raise ConfigError(
                f"{source}: {key}: {value!r} is none of those measured: {', '.join(names)}."
            )
    for name, corpus in config.corpora.items():
        if not corpus.file.is_file():
            raise ConfigError(f"{source}: corpora.{name}.path: there is no file {corpus.file}.")
    return config


def parse_shape(shape: str, source: str = "shape") -> tuple[int, int]:
    """Returns the batch size and the number of tokens of ``BATCHxTOKENS``.

    Raises:
        ConfigError: It is not such a shape, or has fewer than 3 tokens.
    """
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", shape)
    if match is None or int(match[2]) < 3:
        raise ConfigError(
            f"{source}: shapes: {shape!r} is not BATCHxTOKENS, such as 8x32, with 3 tokens or more."
        )
    return int(match[1]), int(match[2])


def modules(kind: str) -> list[str]:
    """Returns the names of the modules in ``engines/`` or ``servers/``."""
    apart = {"__init__", "engine", "server", "batched_texts"}
    found = (each.stem for each in (PACKAGE / kind).glob("*.py"))
    return sorted(name for name in found if name not in apart and not name.endswith("_app"))
