"""Long work of tools, a module each; each runs in a process of its own."""
