"""Reading and checking of checkpoint directories, without MAX."""
