"""Settings of an operator: limits, API keys and defaults."""
