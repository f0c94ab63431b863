"""The benchmark behind ``./scripts/benchmark``.

The command is the executable ``scripts/benchmark``; its code is this package, under another name
because a file and a directory cannot share one. ``cli.py`` reads the arguments, ``session.py`` runs
what the configuration asks for, ``results.py`` is what a run leaves behind.
"""
