"""Independent oracles: classifiers in NumPy float64, one module a model family."""
