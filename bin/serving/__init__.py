"""Serving an installation: one supervisor, its web processes and its worker.

    supervisor (listens) ── web: waitress on the inherited socket, WEB_PROCESSES of them
                         └─ worker: flask worker

The supervisor opens the port and never answers; it knows nothing of the application. So a web
process that dies takes no waiting connection with it: the next one finds them in the queue.
Why waitress: docs/adr/0001-wsgi-server.md.
"""
