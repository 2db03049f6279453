"""How PostgreSQL's own programs (`pg_dump`, `pg_restore`) reach the database that SQLAlchemy reaches."""

from __future__ import annotations

from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo
from sqlalchemy import URL


def reach(url: URL) -> tuple[dict[str, str], str]:
    """Return the environment, and the words for `--dbname`, by which libpq reaches the database of a URL
    with all options of it (`sslmode`, `sslrootcert`, `target_session_attrs`, several hosts).

    What has a variable goes by environment: other users of the machine can read command lines, so a
    password never stands in one.
    """
    _arguments, given = url.get_dialect()().create_connect_args(url)
    environment, words = {}, {}
    for option in Conninfo.get_defaults():
        name = option.keyword.decode()
        value = given.get(name)
        if value in (None, ""):
            continue
        if option.envvar is not None and name != "dbname":
            environment[option.envvar.decode()] = str(value)
        else:
            words[name] = str(value)
    return environment, make_conninfo("", **words)
