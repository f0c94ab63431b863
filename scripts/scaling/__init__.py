"""How a pass and a server scale with cores, from what sharing work between two of them costs."""
