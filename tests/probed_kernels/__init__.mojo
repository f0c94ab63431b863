"""Kernels that the ladder finds fault with."""

from .faulty import Doubled, OfFloat64
