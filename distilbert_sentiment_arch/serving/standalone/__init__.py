"""The lexicon server: the same routes without MAX, answered from word lists alone."""
