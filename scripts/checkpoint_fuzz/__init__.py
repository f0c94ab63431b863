"""Parts of the checkpoint fuzzer: random damage, and judgement of the outcome.

    .venv/bin/python scripts/fuzz_checkpoints.py --examples 5000 --seed 1

``base`` makes a valid checkpoint, ``cases`` damages it, ``outcome`` runs the command line on it and
judges the result, and ``isolation`` does this in a process with limits.
"""
