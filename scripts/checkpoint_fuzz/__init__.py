"""Damaged checkpoints, made at random, and what may come of them.

    .venv/bin/python scripts/fuzz_checkpoints.py --examples 5000 --seed 1

``base`` writes a sound checkpoint, ``cases`` damages it, ``outcome`` says what the command line
makes of one, and ``isolation`` runs that in a process with limits.
"""
