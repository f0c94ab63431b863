"""The checks of an examination, a module for each area."""
