"""Accounts: users, passwords, sessions, single-use links.

Invariants: addresses are stored lower-cased and unique; no answer tells whether one is known;
secrets (session cookies, links) are stored hashed; a changed password ends every other session.
"""
