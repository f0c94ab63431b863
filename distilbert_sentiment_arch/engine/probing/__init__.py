"""Rungs of the probe as graphs, and the devices that MAX finds; each runs in its own process."""
