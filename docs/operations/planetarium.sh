#!/bin/sh
# /usr/local/bin/planetarium: the commands of an installation, as its user and with its settings.
# `planetarium setup` installs packages and brings the database up to date; all else is `flask …`.
# Name whole paths: it works in the installation's folder.
set -eu
[ "$(id -un)" = planetarium ] || exec sudo -u planetarium -- "$0" "$@"
umask 077
set -a
. /etc/planetarium.env
set +a
cd /srv/planetarium/app
[ "${1:-}" != setup ] || exec env DEMO="${DEMO:-no}" bin/run --no-serve
exec .venv/bin/flask --app app.factory "$@"
