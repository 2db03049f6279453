"""Notifications: notices in the page and by mail.

Invariants: each is made by an idempotent outbox handler (UNIQUE(user, dedupe_key)); rights are
checked again when a mail is sent and when a notice is shown; a notice holds ids, never texts, so it
cannot show what was deleted or hidden since.
"""
