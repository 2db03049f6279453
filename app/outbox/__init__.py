"""Outbox: events written in the transaction that caused them, delivered by the worker afterwards.

Invariants: an event exists if and only if its cause was committed; each subscribed handler has a
delivery row of its own and gets the event at least once, so handlers are idempotent; a delivery
that keeps failing ends as a dead letter that is visible and can be retried.
"""
