"""The ladder of graphs that shows what a device computes, and the choice of a device by it."""
