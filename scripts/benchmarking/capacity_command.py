"""``benchmark capacity``: the number of replicas for a load, computed from a result.

A replica is assumed to have the throughput of the measured server under its heaviest load, in
proportion to its cores; no other number of cores has been measured. With ``--host-cores``, how to
divide a host between servers, as the model of ``scripts/scaling`` computes it; with ``--rows``, the
core-hours of a dataset and the nodes for a deadline, from what ``benchmark bulk`` measured.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from scripts.benchmarking import bulk_figures
from scripts.benchmarking.bulk_capacity import Dataset, dataset_lines
from scripts.benchmarking.capacity import (
    MODEL,
    SERVER,
    TEXTS_PER_SECOND,
    UTILISATION,
    capacity_lines,
    host_lines,
)
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.paths import PUBLISHED
from scripts.benchmarking.reports import provenance
from scripts.benchmarking.results import read_results
from scripts.scaling import figures as scaling


def capacity_command(arguments: Sequence[str]) -> int:
    """Prints the throughput of a core, the replicas for a load and their memory."""
    parser = argparse.ArgumentParser(prog="benchmark capacity", description=__doc__)
    parser.add_argument(
        "results", nargs="?", type=Path, default=PUBLISHED, help="default: the published result"
    )
    parser.add_argument(
        "--texts-per-second",
        type=_positive,
        default=TEXTS_PER_SECOND,
        metavar="N",
        help="default: %(default)g",
    )
    parser.add_argument(
        "--utilisation",
        type=_share,
        default=UTILISATION,
        metavar="SHARE",
        help="default: %(default)g",
    )
    parser.add_argument(
        "--cores", type=_positive, metavar="N", help="of a replica; default: as measured"
    )
    parser.add_argument("--server", default=SERVER, metavar="NAME")
    parser.add_argument("--model", default=MODEL, metavar="NAME")
    parser.add_argument(
        "--load", metavar="NAME", help="what the load is like; default: the one with most texts/s"
    )
    host = parser.add_argument_group("a host for several servers")
    host.add_argument(
        "--host-cores", type=int, metavar="N", help="say how to divide a host with N cores"
    )
    host.add_argument(
        "--host-gb", type=_positive, metavar="GB", help="memory for servers; default: enough"
    )
    host.add_argument(
        "--scaling",
        type=Path,
        default=scaling.PUBLISHED,
        metavar="FILE",
        help="a result of python -m scripts.scaling; default: the published one",
    )
    dataset = parser.add_argument_group("a dataset for `max-sentiment score`")
    dataset.add_argument(
        "--rows", type=_positive, metavar="N", help="say what a dataset of N rows takes"
    )
    dataset.add_argument(
        "--tokens", type=_positive, metavar="N", help="of a row; default: as measured"
    )
    dataset.add_argument(
        "--hours", type=_positive, default=1.0, metavar="H", help="deadline; default: %(default)g"
    )
    dataset.add_argument(
        "--node-cores", type=int, default=4, metavar="N", help="of a node; default: %(default)s"
    )
    dataset.add_argument(
        "--bulk",
        type=Path,
        default=bulk_figures.PUBLISHED,
        metavar="FILE",
        help="a result of `benchmark bulk --output`; default: the published one",
    )
    options = parser.parse_args(arguments)
    if options.rows is not None:
        if options.node_cores < 1:
            parser.error(f"argument --node-cores: {options.node_cores} is not a positive number")
        print("\n".join(_dataset_lines(options)))
        return 0
    if options.host_cores is not None:
        if options.host_cores < 1:
            parser.error(f"argument --host-cores: {options.host_cores} is not a positive number")
        figures = scaling.read_figures(options.scaling)
        print("\n".join(host_lines(figures, options.host_cores, options.host_gb)))
        return 0
    results = read_results(options.results)
    lines = capacity_lines(
        results,
        options.server,
        options.model,
        load=options.load,
        texts_per_second=options.texts_per_second,
        utilisation=options.utilisation,
        cores=options.cores,
    )
    print("\n".join([*provenance(results), *lines]))
    return 0


def _dataset_lines(options: argparse.Namespace) -> Sequence[str]:
    figures = bulk_figures.read_figures(options.bulk)
    if figures is None:
        raise BenchmarkError(
            f"there is no {options.bulk}. Measure it: ./scripts/benchmark bulk --publish"
        )
    tokens = options.tokens or figures.tokens / figures.rows
    dataset = Dataset(options.rows, tokens)
    return dataset_lines(figures, dataset, options.hours, options.node_cores)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value
