"""Whether IKEv1 comes up between two key daemons, and with what: a decision procedure in the order of the messages."""
