"""Notifications: notices in the page and by mail.

Invariants: each is made by an idempotent outbox handler (UNIQUE(user, dedupe_key)); rights are
checked when a notice is made, when its mail is sent and when it is shown (`sight`); a mail goes out only
while what it says is so (`news`, `grounds`), also after a night without a mail server; a notice holds
ids, never texts, so it cannot show what was deleted or hidden since; no notice names an anonymous
asker; mails say what happened and where, never what was written, except an inviter's own note; a
mail's words are gone from the database once it is sent.
"""
