"""A job: its lock, manifest and parts, its tasks, and its run in this process."""
