"""Conformance: configurations of other people, read and compared with what the real programs make of them.

``python -m tests.conformance`` runs every suite on a folder of such data, which is not part of this repository. A
suite is one file here and one line in ``suites.py``; what is expected of a file stands in the data's own README
tables, so that another folder of the same layout can be run just the same.
"""
