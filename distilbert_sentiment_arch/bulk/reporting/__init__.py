"""What a job tells people and machines: progress, summary and reports."""
