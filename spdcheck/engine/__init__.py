"""Two ways to run the semantics: one packet in plain Python, all packets as boxes and in z3."""
