"""One module per wire format: parse in, render out, errors; no logic of its own."""
