"""spdcheck: a verifier and packet simulator for IPsec policies and the firewalls around them."""

__version__ = "0.1.0"
