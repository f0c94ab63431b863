"""What an operator sets: limits, API keys and defaults."""
