"""Errors that stop a benchmark or a part of it."""


class BenchmarkError(Exception):
    """Base of errors that are reported in one line."""


class ConfigError(BenchmarkError):
    """The configuration is incomplete or names something that does not exist."""


class NotAvailable(BenchmarkError):
    """An engine or a server cannot run here; the others go on, and the report says why."""
