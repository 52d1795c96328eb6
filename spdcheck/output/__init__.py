"""Findings and traces to bytes: one file per format."""
