"""Independent oracles: classifiers in NumPy float64, one module a model family.

They share nothing with the product, so that an error in its tables or layers shows in the tests.
"""
