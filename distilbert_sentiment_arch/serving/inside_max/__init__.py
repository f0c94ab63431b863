"""Our routes inside MAX Serve's application, and the model behind its queue."""
