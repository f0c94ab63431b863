"""From an input to a classification; imports neither MAX, HTTP nor word lists."""
