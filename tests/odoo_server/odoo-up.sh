#!/usr/bin/env bash
# A real Odoo 19 Community with a PostgreSQL of its own, on loopback only, for tests and the demo.
#
#   odoo-up.sh             bring both up; every step that is done is skipped; prints ODOO_URL and its companions
#   odoo-up.sh fresh NAME  a new database beside it in a second, copied from the template; prints the same for it
#   odoo-up.sh drop NAME   remove such a database
#   odoo-up.sh stop        stop the two servers that this script started
#
# ODOO_SERIES=14 brings up the oldest Odoo that is supported in a place and on ports of its own, for tests of its
# interfaces: patched for the Python 3.11 of Debian 12, its web client does not work.
#
# Needs Debian 12 or newer and root. The Odoo package of Debian (19 of its unstable suite) is unpacked below ODOO_HOME and never
# installed; PostgreSQL comes from the machine's own Debian packages, in any version. WITH_DEMO=1 adds Odoo's demo data.
# ASSUME_YES=1 or CI: do not ask before installing. A name given to `fresh` is used once: Odoo keeps in memory what it
# knows of a database, so another one of the same name would be misread.
set -euo pipefail

ODOO_SERIES=${ODOO_SERIES:-19}
case $ODOO_SERIES in
  19) suite=sid home=reknit-odoo port=18169 pg_port=55532 HEALTH=/web/health ;;
  14) suite=bullseye home=reknit-odoo-14 port=18114 pg_port=55514 HEALTH=/web/static/src/img/favicon.ico ;;
  *) echo "ODOO_SERIES is 19 or 14, not $ODOO_SERIES." >&2; exit 1 ;;
esac
ODOO_HOME=${ODOO_HOME:-${TMPDIR:-/tmp}/$home}
ODOO_PORT=${ODOO_PORT:-$port}
PG_PORT=${PG_PORT:-$pg_port}
ODOO_DB=${ODOO_DB:-retail}
WITH_DEMO=${WITH_DEMO:-0}
modules=contacts,crm,sale_management,stock,purchase,point_of_sale,loyalty,sale_loyalty,pos_loyalty,pos_sale,project
[ "$ODOO_SERIES" = 19 ] || modules=contacts,crm,sale_management,stock,purchase,point_of_sale,pos_sale,project
MODULES=${MODULES:-$modules}
# Unix user and PostgreSQL role of both servers: Odoo refuses the role postgres, PostgreSQL refuses root.
SERVICE_USER=${SERVICE_USER:-odoosrv}
# The service user must be able to run it, so it is the system's, not one from somebody's home.
PYTHON=${PYTHON:-/usr/bin/python3}

HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$ODOO_HOME/root
VENV=$ODOO_HOME/venv
PGDATA=$ODOO_HOME/pgdata
RUN=$ODOO_HOME/run
DATA=$ODOO_HOME/data
LOG=$ODOO_HOME/log
PACKAGES=$ROOT/usr/lib/python3/dist-packages
CONFIG=$ODOO_HOME/odoo.conf
TEMPLATE=retail_template; [ "$WITH_DEMO" = 0 ] || TEMPLATE=retail_template_demo

say() { printf '[%s] %s\n' "$(date +%T)" "$*" >&2; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

AS_SERVICE=(setpriv --reuid "$SERVICE_USER" --regid "$SERVICE_USER" --clear-groups env -u PYTHONPATH HOME="$ODOO_HOME")
ODOO=("$VENV/bin/python" "$ROOT/usr/bin/odoo" server -c "$CONFIG")

# Without descriptor 9, which holds this script's lock: a server that kept it would lock out the next call.
as_service() { "${AS_SERVICE[@]}" "$@" 9>&-; }

pg() { local tool=$1; shift; as_service "$(pg_bin)/$tool" "$@"; }

# The newest PostgreSQL of the machine, or the one that made the data.
pg_bin() {
  if [ -e "$PGDATA/PG_VERSION" ]; then
    echo "/usr/lib/postgresql/$(cat "$PGDATA/PG_VERSION")/bin"
  else
    find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1
  fi
}

odoo_pid() {
  local pid
  pid=$(cat "$RUN/odoo.pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$CONFIG" && echo "$pid"
}

is_healthy() {
  "$PYTHON" -c 'import sys, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=5)' \
    "http://127.0.0.1:$ODOO_PORT$HEALTH" 2>/dev/null
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

pg_is_up() { [ -e "$PGDATA/PG_VERSION" ] && pg pg_isready -q -h "$RUN" -p "$PG_PORT"; }

check_machine() {
  local id='' version=''
  [ -r /etc/os-release ] && { id=$(. /etc/os-release; echo "${ID:-}"); version=$(. /etc/os-release; echo "${VERSION_ID:-99}"); }
  [ "$id" = debian ] && [ "${version%%.*}" -ge 12 ] ||
    fail "Bringing up an Odoo needs Debian 12 or newer, this is ${id:-unknown} ${version}: set ODOO_URL, ODOO_DB, ODOO_USER and ODOO_PASSWORD to an Odoo that you have, or use docker-compose.odoo.yml."
  [ "$(id -u)" = 0 ] ||
    fail "Bringing up an Odoo needs root, to install PostgreSQL and run it as a user of its own: run it as root, or set ODOO_URL, ODOO_DB, ODOO_USER and ODOO_PASSWORD to an Odoo that you have."
  [ "$ODOO_SERIES" != 14 ] || "$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    fail "Odoo 14 runs on Python 3.11 alone, and $PYTHON is another: set PYTHON to one that every user may run."
  [[ $ODOO_DB =~ ^retail[a-z0-9_]*$ && $ODOO_DB != retail_template* ]] || fail "ODOO_DB must begin with 'retail' and be no template: $ODOO_DB."
}

# Debian packages that are not there yet.
missing_packages() {
  [ -n "$(pg_bin)" ] || echo postgresql
  [ -x "$PYTHON" ] || echo python3
  "$PYTHON" -c 'import ensurepip' 2>/dev/null || echo python3-venv
}

ask() {
  local packages=$1 answer
  say "will install the Debian packages: ${packages:-none}; the system user $SERVICE_USER; Odoo $ODOO_SERIES and its Python packages (0.9 GB) in $ODOO_HOME"
  if [ -t 0 ] && [ -z "${ASSUME_YES:-}${CI:-}" ]; then
    read -r -p 'Go on? [y/N] ' answer
    [[ $answer = [yY]* ]] || fail 'Nothing was installed.'
  fi
}

install_packages() {
  local packages
  packages=$(missing_packages | xargs)
  [ -e "$ROOT/.unpacked" ] && [ -z "$packages" ] || ask "$packages"
  if [ -n "$packages" ]; then
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2 ||
      fail "The Debian packages could not be installed: $packages."
  fi
  id "$SERVICE_USER" >/dev/null 2>&1 ||
    useradd --system --user-group --no-create-home --home-dir "$ODOO_HOME" --shell /usr/sbin/nologin "$SERVICE_USER"
  mkdir -p "$RUN" "$DATA" "$LOG"
  chown "$SERVICE_USER:" "$RUN" "$DATA" "$LOG"
  chmod 711 "$ODOO_HOME"
}

# The packages of Odoo's suite, from the mirror that this machine already uses, with package lists of our own.
unpack_odoo() {
  [ ! -e "$ROOT/.unpacked" ] || return 0
  local apt=$ODOO_HOME/apt mirror options deb packages=odoo-$ODOO_SERIES
  mkdir -p "$apt/parts" "$apt/lists/partial" "$ODOO_HOME/debs" "$ROOT"
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Identifier: Packages' |
    awk '$2 == "Debian" && $3 == "Debian" {print $1; exit}')
  [ -n "$mirror" ] || fail "Bringing up an Odoo needs a Debian archive among this machine's apt sources, and there is none."
  echo "deb $mirror $suite main" >"$apt/suite.list"
  options="-o Dir::Etc::sourcelist=$apt/suite.list -o Dir::Etc::sourceparts=$apt/parts -o Dir::State::Lists=$apt/lists
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root"
  say "fetching Odoo $ODOO_SERIES"
  # shellcheck disable=SC2086
  apt-get $options update -qq
  # The fonts and scripts that Odoo's own links point to come along where somebody looks at it.
  [ "$ODOO_SERIES" = 14 ] || packages="$packages fonts-font-awesome fonts-roboto-unhinted fonts-montserrat
    fonts-inconsolata fonts-ocr-b libjs-jquery libjs-jquery-form libjs-underscore"
  # shellcheck disable=SC2086
  (cd "$ODOO_HOME/debs" && apt-get $options -qq download $packages)
  # Translations are two thirds of the size and serve no test; addons/ and doc/ are never imported.
  for deb in "$ODOO_HOME"/debs/*.deb; do
    dpkg --fsys-tarfile "$deb" | tar -x -C "$ROOT" --exclude='*/i18n' --exclude='*/i18n_extra' \
      --exclude='./usr/lib/python3/dist-packages/addons' --exclude='./usr/lib/python3/dist-packages/doc'
  done
  chmod -R go+rX "$ROOT"
  # The unstable suite keeps only its newest version, so what we got is written down.
  dpkg-deb -f "$ODOO_HOME"/debs/odoo-"$ODOO_SERIES"_*.deb Version >"$ODOO_HOME/odoo-version"
  touch "$ROOT/.unpacked"
}

make_venv() {
  [ ! -e "$VENV/.done" ] || return 0
  local requirements=$HERE/requirements.txt site
  [ "$ODOO_SERIES" = 19 ] || requirements=$HERE/requirements-$ODOO_SERIES.txt
  say 'installing the Python packages of Odoo'
  "$PYTHON" -m venv --clear "$VENV"
  PYTHONPATH='' "$VENV/bin/pip" install --disable-pip-version-check --use-pep517 -r "$requirements" \
    >"$LOG/pip.log" 2>&1 || fail "Odoo's Python packages could not be installed: see $LOG/pip.log."
  site=$("$VENV/bin/python" -c 'import site; print(site.getsitepackages()[0])')
  echo "$PACKAGES" >"$site/odoo.pth"
  [ "$ODOO_SERIES" = 19 ] || "$PYTHON" "$HERE/patch_14.py" "$PACKAGES" "$site"
  touch "$VENV/.done"
}

start_postgres() {
  if [ ! -e "$PGDATA/.done" ]; then
    say 'making the PostgreSQL cluster'
    rm -rf "$PGDATA"
    install -d -o "$SERVICE_USER" -g "$SERVICE_USER" -m 700 "$PGDATA"
    pg initdb -D "$PGDATA" -U "$SERVICE_USER" -E UTF8 --locale=C.UTF-8 --auth=peer >"$LOG/initdb.log"
    # What a test server writes need not survive a power cut.
    cat >>"$PGDATA/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $PG_PORT
unix_socket_directories = '$RUN'
shared_buffers = 512MB
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
    echo 'local all all peer map=service' >"$PGDATA/pg_hba.conf"
    printf 'service %s %s\nservice root %s\n' "$SERVICE_USER" "$SERVICE_USER" "$SERVICE_USER" >"$PGDATA/pg_ident.conf"
    touch "$PGDATA/.done"
  fi
  if ! pg_is_up; then
    port_is_free "$PG_PORT" || fail "Port $PG_PORT is taken by something else: set PG_PORT to a free one."
    say 'starting PostgreSQL'
    # One that was killed leaves children behind for a moment, and none may start beside them.
    for _ in $(seq 10); do
      ! pg pg_ctl -D "$PGDATA" -o "-p $PG_PORT" -l "$LOG/postgres.log" -w start >/dev/null 2>&1 || return 0
      sleep 1
    done
    fail "PostgreSQL does not start: see $LOG/postgres.log."
  fi
}

write_config() {
  cat >"$CONFIG" <<CONF
[options]
admin_passwd = $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
db_host = $RUN
db_port = $PG_PORT
db_user = $SERVICE_USER
dbfilter = ^(?!retail_template)retail[a-z0-9_]*\$
list_db = False
addons_path = $PACKAGES/odoo/addons
data_dir = $DATA
http_interface = 127.0.0.1
http_port = $ODOO_PORT
gevent_port = $((ODOO_PORT + 3))
workers = 0
max_cron_threads = 0
limit_time_cpu = 600
limit_time_real = 1200
CONF
  chgrp "$SERVICE_USER" "$CONFIG"
  chmod 640 "$CONFIG"
}

has_database() { [ "$(sql "select 1 from pg_database where datname = '$1'")" = 1 ]; }
sql() { pg psql -h "$RUN" -p "$PG_PORT" -d postgres -XAtc "$1"; }

# A template with the modules, from which each database is a copy.
make_template() {
  local marker="$DATA/.$TEMPLATE" wanted demo
  wanted="$(cat "$ODOO_HOME/odoo-version") $MODULES"
  # 14 installs demo data unless it is told not to, 19 only where it is told to.
  case $ODOO_SERIES-$WITH_DEMO in
    14-0) demo=--without-demo=all ;;
    14-*) demo= ;;
    *-0) demo=--without-demo ;;
    *) demo=--with-demo ;;
  esac
  [ "$(cat "$marker" 2>/dev/null)" != "$wanted" ] || return 0
  say "installing Odoo's modules"
  remove_database "$TEMPLATE"
  as_service "${ODOO[@]}" -d "$TEMPLATE" -i "$MODULES" $demo --stop-after-init --no-http --logfile "$LOG/install.log" >>"$LOG/install.out" 2>&1 ||
    fail "Odoo's modules could not be installed: see $LOG/install.log."
  echo "$wanted" >"$marker"
}

copy_template() {
  local name=$1 copy="retail_template_copy"
  rm -rf "$DATA/filestore/$name"
  [ ! -d "$DATA/filestore/$TEMPLATE" ] || as_service cp -a "$DATA/filestore/$TEMPLATE" "$DATA/filestore/$name"
  # Under its own name only when it is whole.
  pg dropdb -h "$RUN" -p "$PG_PORT" --if-exists --force "$copy" 2>/dev/null
  pg createdb -h "$RUN" -p "$PG_PORT" -T "$TEMPLATE" "$copy"
  sql "alter database $copy rename to $name" >/dev/null
}

remove_database() {
  pg dropdb -h "$RUN" -p "$PG_PORT" --if-exists --force "$1" 2>/dev/null
  rm -rf "$DATA/filestore/$1"
}

start_odoo() {
  if ! odoo_pid >/dev/null; then
    port_is_free "$ODOO_PORT" || fail "Port $ODOO_PORT is taken by something else: set ODOO_PORT to a free one."
    write_config
    say 'starting Odoo'
    (exec setsid "${AS_SERVICE[@]}" "${ODOO[@]}" --logfile "$LOG/odoo.log" --pidfile "$RUN/odoo.pid" \
      >/dev/null 2>&1 </dev/null 9>&-) &
  fi
  for _ in $(seq 120); do
    ! is_healthy || return 0
    sleep 0.5
  done
  fail "Odoo does not answer at port $ODOO_PORT: see $LOG/odoo.log."
}

stop_all() {
  local pid
  if pid=$(odoo_pid); then
    kill "$pid"
    while odoo_pid >/dev/null; do sleep 0.2; done
    say 'Odoo stopped'
  fi
  if pg_is_up; then pg pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null; say 'PostgreSQL stopped'; fi
}

print_connection() {
  printf 'ODOO_URL=%s\nODOO_DB=%s\nODOO_USER=admin\nODOO_PASSWORD=admin\n' "http://127.0.0.1:$ODOO_PORT" "$1"
}

database_argument() {
  [[ ${1:-} =~ ^retail_[a-z0-9_]+$ && $1 != retail_template* ]] ||
    fail "Give a database name like retail_trial: small letters, digits and _, and no template."
  pg_is_up || fail "No server is up in $ODOO_HOME: run odoo-up.sh first."
}

main() {
  check_machine
  mkdir -p "$ODOO_HOME"
  cd "$ODOO_HOME"
  exec 9>"$ODOO_HOME/lock"
  flock -n 9 || { say "another odoo-up.sh is at work in $ODOO_HOME: waiting for it"; flock 9; }

  case ${1:-up} in
    up)
      install_packages
      unpack_odoo
      make_venv
      start_postgres
      [ -e "$CONFIG" ] || write_config
      make_template
      has_database "$ODOO_DB" || copy_template "$ODOO_DB"
      start_odoo
      say "Odoo $(cat "$ODOO_HOME/odoo-version") is up, log in $LOG/odoo.log"
      print_connection "$ODOO_DB"
      ;;
    fresh)
      database_argument "${2:-}"
      ! has_database "$2" || fail "There is a database $2 already: choose another name."
      copy_template "$2"
      print_connection "$2"
      ;;
    drop) database_argument "${2:-}"; remove_database "$2" ;;
    stop) stop_all ;;
    *) fail "Unknown command '$1': up, fresh NAME, drop NAME or stop." ;;
  esac
}

# On one line, so that a script which is replaced while it runs is not read on.
main "$@"; exit
