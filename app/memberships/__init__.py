"""Memberships: who belongs to a planet, as what, since when and until when.

Invariants: one row per person and planet; numbers are never given twice; standing is derived from
rows and the clock (`policy.derive_standing`), never stored; a planet always has an owner;
`actions.start_membership` is the one way access begins or grows, whatever paid for it.
"""
