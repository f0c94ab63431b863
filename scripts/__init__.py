"""Commands of this repository: benchmarks, the siege, the fuzzer and what they share."""
