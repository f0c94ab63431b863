"""A checkpoint directory, read and checked without MAX."""
