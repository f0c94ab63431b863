"""The same routes without MAX: a small server that answers from word lists alone."""
