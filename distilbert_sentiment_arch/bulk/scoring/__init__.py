"""Rows to answers: what scores them, and batches out of many rows."""
