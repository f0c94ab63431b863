"""Command-line programs of this repository: benchmarks, siege, fuzzer and their shared modules."""
