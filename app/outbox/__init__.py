"""Outbox: events written in the transaction that caused them, delivered by the worker afterwards.

Invariants: an event exists if and only if its cause was committed; each subscribed handler has a
delivery row of its own and gets the event at least once; a delivery that keeps failing ends as a
dead letter that is visible and can be retried. The order of deliveries is not promised, neither
between events nor between the handlers of one event: a handler reads the present state of the rows.

How to subscribe (in `factory._subscribe`):

    subscriptions.add("discussion.question_asked", "notices.question_asked", handler)
    subscriptions.add_outside("notifications.mail_written", "mail.send", handler)

`add`: the handler only writes to the database. It runs in one unit of work together with the mark
"done", so its effect happens exactly once; it must not open a unit of work and should be quick.
`add_outside`: the handler talks to the world (a mail server). It runs outside any transaction, opens
units of work of its own, must bear repetition, and must end within `claiming.LEASE`.
Each lane (`events.Lane`) is served by itself: a slow mail server does not keep notices waiting, and what
somebody waits for stands in `at_once` and `awaited`, behind no bulk.
A handler that cannot act yet (a scheduled topic) raises `delivery.Later(moment)`: no try is counted.

How to add a timed job (in `factory._timetable`):

    timetable.add("purge_outbox", every=timedelta(hours=6), run=function)

The function takes nothing, opens its own units of work, and bears running twice or late: a job's due
time is claimed by one worker with a conditional update. Rights never depend on a job having run.
"""
