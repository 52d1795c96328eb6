"""What to write into which file: the other half of a tunnel, and mends of findings; proved before anybody sees them."""
