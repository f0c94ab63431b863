"""What stops a benchmark, or a part of it."""


class BenchmarkError(Exception):
    """Base of what is reported in one line."""


class ConfigError(BenchmarkError):
    """The configuration names something that does not exist, or leaves something out."""


class NotAvailable(BenchmarkError):
    """An engine or a server cannot run here; the others go on, and the report says why."""
