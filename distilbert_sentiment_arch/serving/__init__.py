"""HTTP servers: inside MAX Serve, and standalone from word lists; wire formats and endpoints."""
