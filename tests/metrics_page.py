"""Samples of a server's metrics port."""

from __future__ import annotations

import time

import httpx
from prometheus_client.parser import text_string_to_metric_families
from server_process import Server

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def settled(server: Server) -> Samples:
    """Returns the samples once they stop changing: measurements arrive with a delay."""
    samples = ours(scrape(server))
    while True:
        time.sleep(0.5)
        before, samples = samples, ours(scrape(server))
        if samples == before:
            return samples


def ours(samples: Samples) -> Samples:
    return {key: value for key, value in samples.items() if key[0].startswith("sentiment_")}


def scrape(server: Server) -> Samples:
    text = httpx.get(server.metrics_url, trust_env=False).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def increase(before: Samples, after: Samples, name: str, **labels: str) -> float:
    key = (name, frozenset(labels.items()))
    return after.get(key, 0) - before.get(key, 0)
