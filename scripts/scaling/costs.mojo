"""Prints what sharing work between the cores costs, in nanoseconds, for costs.py.

A line each: cores; a work that all cores are woken for; each further task that is handed over; each
phase, where every core has one piece; each further piece of a core.
"""

from kernels.work import SINGLE_CORE_COST, Phase, on_cores
from max.algorithm import sync_parallelize
from std.sys import num_physical_cores
from std.time import perf_counter_ns

comptime CALLS = 1000
comptime PHASES = 32
comptime PIECES = 8
comptime TASKS = 64
comptime PIECE_NS = 2000


def shared(phases: Int, pieces: Int, cost: Int) -> Int:
    """Returns the nanoseconds of a work whose pieces take `PIECE_NS` each."""
    var all_phases = List[Phase](capacity=phases)
    for _ in range(phases):
        all_phases.append(Phase(pieces))

    def compute(item: Int) {}:
        var start = perf_counter_ns()
        while perf_counter_ns() - start < PIECE_NS:
            pass

    def work(core: Int) {imm, mut all_phases}:
        for i in range(phases):
            all_phases[i].run(compute)

    var start = perf_counter_ns()
    on_cores(work, cost)
    return Int(perf_counter_ns() - start)


def handed_over(tasks: Int) -> Int:
    """Returns the nanoseconds of empty tasks."""

    def nothing(task: Int) {}:
        pass

    var start = perf_counter_ns()
    sync_parallelize(nothing, tasks)
    return Int(perf_counter_ns() - start)


def undisturbed[Timed: def() -> Int](timed: Timed) -> Float64:
    """Returns the tenth percentile of many calls: others on the machine disturb fewer than the rest."""
    var times = List[Int](capacity=CALLS)
    for _ in range(CALLS):
        times.append(timed())
    sort(times)
    return Float64(times[CALLS // 10])


def main():
    var cores = num_physical_cores()

    def woken() {} -> Int:
        return shared(0, 0, SINGLE_CORE_COST)

    def few_tasks() {imm cores} -> Int:
        return handed_over(cores)

    def many_tasks() {imm cores} -> Int:
        return handed_over(cores + TASKS)

    def alone_few() {} -> Int:
        return shared(PHASES, 1, 0)

    def alone_many() {} -> Int:
        return shared(PHASES, PIECES, 0)

    def together_few() {imm cores} -> Int:
        return shared(PHASES, cores, SINGLE_CORE_COST)

    def together_many() {imm cores} -> Int:
        return shared(PHASES, cores * PIECES, SINGLE_CORE_COST)

    var wake = undisturbed(woken)
    var phase = (undisturbed(together_few) - wake - undisturbed(alone_few)) / PHASES
    var phases = (undisturbed(together_many) - wake - undisturbed(alone_many)) / PHASES
    print(cores)
    print(wake)
    print((undisturbed(many_tasks) - undisturbed(few_tasks)) / TASKS)
    print(phase)
    print((phases - phase) / (PIECES - 1))
