"""The benchmark behind ``./scripts/benchmark``.

The command is the executable ``scripts/benchmark``; its code is this package, under another name
because a file and a directory cannot share one. ``cli.py`` reads the arguments, ``session.py`` runs
the measurements of the configuration, ``results.py`` defines the format of their result.
"""
