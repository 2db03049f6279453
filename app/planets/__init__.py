"""Planets: a circle, its name, looks, settings and rules page.

Invariants: slugs are unique among present and former ones, so old links redirect and nobody can
take over another's address; settings are validated as a whole; rules pages are versions, never
overwritten.
"""
