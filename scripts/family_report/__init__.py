"""What is known of each model family: parity, speed and memory, and the tables of them."""
