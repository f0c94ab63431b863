"""A small benchmark result with made-up figures, for tests of reports."""

from __future__ import annotations

from scripts.benchmarking.config import check_config
from scripts.benchmarking.results import (
    Cell,
    Check,
    EngineRecord,
    Interval,
    LoadRecord,
    Profile,
    Results,
    ServerRecord,
    Turn,
)

MACHINE = {
    "cpu": "A CPU",
    "cores": 2,
    "memory_gb": 8.0,
    "flags": ["avx2"],
    "virtualised": False,
    "system": "Linux",
}


def cell(engine: str, ms: float, ratio: float, workload: str = "8x32") -> Cell:
    turns = [
        Turn(
            round=number,
            place=0,
            passes=9,
            median_ms=ms,
            p10_ms=ms,
            p90_ms=ms,
            cpu_ms=2 * ms,
            foreign=0.0,
        )
        for number in range(3)
    ]
    return Cell(
        model="embedded",
        engine=engine,
        workload=workload,
        family=workload.split("@")[0],
        batch=int(workload.split("@")[-1].split("x")[0]),
        sequences=8,
        tokens=256,
        ms=Interval(value=ms, low=ms * 0.98, high=ms * 1.02),
        ratio=Interval(value=ratio, low=ratio * 0.98, high=ratio * 1.02),
        floor_ms=ms / 2,
        turns=turns,
    )


def load(server: str, p50: float, number: int = 0) -> LoadRecord:
    latency = {"p50": p50, "p90": p50 * 2, "p99": p50 * 3, "max": p50 * 4}
    return LoadRecord(
        server=server,
        model="embedded",
        load="closed 4",
        round=number,
        seconds=10,
        answered=100,
        errors={"status 500": 2},
        latency=latency,
        corrected=latency,
        texts_per_second=80 / p50 + number,
        cpu_ms=5,
        generator_cpu=0.02,
        foreign=0.0,
    )


def made_up() -> Results:
    tables = {"engines": {"ours": {"module": "max_graph"}, "theirs": {"module": "onnxruntime"}}}
    config = check_config({"baseline": "theirs", "threads": 2, **tables}, "made up")
    check = Check(texts=10, largest_difference=1e-6, agreement=1.0)
    return Results(
        created="2026-11-20T10:00:00+00:00",
        commit="abcdef0",
        command="./scripts/benchmark",
        config=config.model_dump(),
        machine=MACHINE,
        peaks={"products_gflops": {"float32": {"NumPy": 200.0}}, "reading_gb_per_s": {"4": 50.0}},
        engines=[
            EngineRecord(model="embedded", engine="ours", precision="float32", check=check),
            EngineRecord(
                model="embedded",
                engine="theirs",
                precision="int8",
                check=check,
                accuracy={"mixed": 0.875},
            ),
            EngineRecord(model="embedded", engine="absent", unavailable="no wheel | for this CPU"),
        ],
        cells=[
            cell("ours", 12.5, 1.25),
            cell("theirs", 10.0, 1.0),
            cell("ours", 50.0, 0.5, "mixed@1"),
            cell("ours", 40.0, 0.4, "mixed@8"),
        ],
        servers=[ServerRecord(server="max-serve", model="embedded", warm_start_s=13.25)],
        loads=[load("max-serve", 8.0)],
        profiles=[
            Profile(
                model="embedded",
                subject="ours",
                workload="8x32",
                parts_ms={"products": 9.0, "norms": 0.98, "rest": 0.02},
                total_ms=10.0,
            )
        ],
        warnings=["Noisy machine: made up."],
    )
