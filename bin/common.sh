# Sourced by the other commands: finding Python, making .venv, installing a lock, reading .env.
# shellcheck shell=bash

OLDEST_PYTHON="3.11.5"

say() { printf '%s\n' "$*"; }
fail() { printf '\n' >&2; printf '%s\n' "$@" >&2; exit 1; }

# Settings in .env count unless the environment has them already. Lines of NAME=value.
read_env_file() {
  [ -f .env ] || return 0
  local line name value
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
    name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
    [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]] && value=${BASH_REMATCH[1]}
    [ -n "${!name+set}" ] || export "$name=$value"
  done < .env
}

# Runs as root, by sudo when we are not; says so first.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || return 1
  say "  (with sudo) $*"
  sudo "$@"
}

apt_install() {
  command -v apt-get >/dev/null || return 1
  say "Installing $* by apt-get …"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null 2>&1 && return
  as_root apt-get update -qq >/dev/null 2>&1 || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

new_enough() {
  "$1" -c "import sys; sys.exit(sys.version_info[:3] < tuple(map(int, '$OLDEST_PYTHON'.split('.'))))" \
    2>/dev/null
}

# Prints the Python to build .venv with. PYTHON=/path/to/python3 chooses it.
find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    command -v "$PYTHON" >/dev/null || fail "PYTHON=$PYTHON is no program."
    new_enough "$PYTHON" || fail "PYTHON=$PYTHON is $("$PYTHON" -V 2>&1); needed: $OLDEST_PYTHON or newer."
    command -v "$PYTHON"
    return
  fi
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  fail "Planetarium needs Python $OLDEST_PYTHON or newer; found: $(python3 -V 2>&1 || echo none)." \
    "Debian 13 and Ubuntu 24.04 have it: apt-get install python3 python3-venv" \
    "Elsewhere install a newer Python beside the system's and name it: PYTHON=/path/to/python3 $0"
}

make_venv() {
  if new_enough .venv/bin/python && [ -n "$(compgen -G '.venv/lib/python*/site-packages/pip/__main__.py')" ]; then
    return
  fi
  local python
  python=$(find_python) || exit 1
  say "Making .venv with $("$python" -V) …"
  if ! "$python" -c "import ensurepip, venv" 2>/dev/null; then
    local version
    version=$("$python" -c "import sys; print('python%d.%d-venv' % sys.version_info[:2])")
    say "This Python cannot make virtual environments yet."
    apt_install "$version" || apt_install python3-venv || fail \
      "Install the package $version (or python3-venv) as root and run this again:" \
      "  apt-get install $version"
  fi
  rm -rf .venv
  open_install_log
  "$python" -m venv .venv 2>var/install.log || install_failed "Making .venv"
}

# Begins the log of an installation, readable for us alone as all that we make there.
open_install_log() {
  (umask 077 && mkdir -p var && : >var/install.log)
  chmod 600 var/install.log
}

# Says why an installation failed, and the mend, from what it printed.
install_failed() {
  local log=var/install.log
  tail -n 15 "$log" >&2
  if grep -qi "no space left" "$log"; then
    fail "$1 failed: the disk is full. Free about 500 MB here ($(df -h . | awk 'NR==2{print $4}') free) and run this again."
  elif grep -qiE "do not match the hashes|hashes are required|sha256" "$log"; then
    fail "$1 failed: a package is not the one that was locked. Run it again; if it repeats, do not" \
      "trust the package source, or write the lock anew with bin/lock."
  elif grep -qiE "name resolution|connection|network|timed out|max retries|proxy|ssl|from versions: none" "$log"; then
    fail "$1 failed: the package registry does not answer. Check the network (and PIP_INDEX_URL or" \
      "HTTPS_PROXY where you use them) and run this again; what was downloaded is kept."
  fi
  fail "$1 failed; the whole output is in $log."
}

lock_sum() { sha256sum "$1" | cut -d' ' -f1; }

# install_lock FILE: installs exactly what the lock names, unless that was done already. Without
# looking for dependencies: the lock names them all, and older pips (23.2) would fetch a newer release
# of a package that another wants "with an extra", and then refuse it for having no hash.
install_lock() {
  local lock=$1 stamp=.venv/.installed-$1 total
  [ "$(cat "$stamp" 2>/dev/null)" != "$(lock_sum "$lock")" ] || return 0
  total=$(grep -c '==' "$lock")
  open_install_log
  say "Installing $total packages of $lock (about a minute) …"
  .venv/bin/python -m pip install --no-input --disable-pip-version-check --progress-bar off \
    --no-deps --require-hashes --only-binary=:all: -r "$lock" 2>&1 | tee var/install.log | show_progress "$total" \
    || install_failed "Installing packages"
  lock_sum "$lock" > "$stamp"
}

show_progress() {
  awk -v total="$1" -v tty="$([ -t 1 ] && echo 1 || echo 0)" '
    /^Collecting |^Requirement already/ { n++
      if (tty) printf "\r  %d of at most %d read  ", n, total
      else if (n % 15 == 0) print "  " n " of at most " total " read"
      fflush() }
    /^Installing collected/ { printf "%s  unpacking …\n", tty ? "\r\033[K" : ""; fflush() }'
}
