"""HTTP inside MAX Serve."""
