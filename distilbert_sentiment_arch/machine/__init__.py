"""What this machine has: processor, memory, limits, software, accelerators. Imports no MAX."""
