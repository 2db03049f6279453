"""Accounts: users, passwords, sessions, single-use links.

Invariants: addresses are stored lower-cased and unique; no answer tells whether one is known, so
what a stranger asks for is written down alike for every address and decided later, by the mail's
handler; a person exists only once his mailbox is proven; secrets (session cookies, links) are stored
hashed; a changed password ends every other session.

Hashing a password takes time and is therefore done before a unit of work opens, never inside one.
"""
