"""What the configuration says: plain values, named after RFC 4301 and the IKE RFCs, without verdicts."""
