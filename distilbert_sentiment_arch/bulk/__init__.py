"""Datasets in and out: files of rows, scored in this process or on a Ray cluster."""
