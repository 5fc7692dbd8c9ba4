#!/bin/sh
# Makes sure of the two programs Houston runs: bubblewrap (the sandbox) and git. Says what it will install, and
# with which command, before it does. When it cannot, it prints the command a person should run and exits 1, or
# exits 0 with a warning when called with --best-effort.
set -u

best_effort=no
for argument in "$@"; do
  case $argument in
    --best-effort) best_effort=yes ;;
    *)
      echo "usage: setup.sh [--best-effort]" >&2
      exit 2
      ;;
  esac
done

missing=
command -v bwrap >/dev/null 2>&1 || missing=bubblewrap
command -v git >/dev/null 2>&1 || missing="${missing:+$missing }git"
[ -z "$missing" ] && exit 0

# Ends the script: $1 is why, $2 the command for a person, if there is one.
give_up() {
  echo "setup: $1" >&2
  if [ -n "${2:-}" ]; then
    echo "setup: please run: $2" >&2
  fi
  if [ "$best_effort" = yes ]; then
    echo "setup: WARNING: going on without: $missing" >&2
    exit 0
  fi
  exit 1
}

# Sets $refresh and $install to what the machine's package manager needs, without questions.
refresh=
if [ "$(uname -s)" != Linux ]; then
  give_up "missing: $missing (bubblewrap exists for Linux only)"
elif command -v apt-get >/dev/null 2>&1; then
  refresh="apt-get update -q"
  install="apt-get install -y -q --no-install-recommends $missing"
elif command -v dnf >/dev/null 2>&1; then
  install="dnf install -y $missing"
elif command -v pacman >/dev/null 2>&1; then
  install="pacman -Sy --noconfirm --needed $missing"
elif command -v apk >/dev/null 2>&1; then
  install="apk add --no-cache $missing"
elif command -v zypper >/dev/null 2>&1; then
  install="zypper --non-interactive install $missing"
else
  give_up "missing: $missing; found no package manager I know. Install them with yours."
fi

by_hand="$install"
[ -n "$refresh" ] && by_hand="$refresh && $install"
as_root=
if [ "$(id -u)" -ne 0 ]; then
  by_hand="sudo sh -c '$by_hand'"
  command -v sudo >/dev/null 2>&1 || give_up "missing: $missing; installing needs root." "$by_hand"
  sudo -n true 2>/dev/null || give_up "missing: $missing; installing needs a password for sudo." "$by_hand"
  as_root="sudo -n"
fi

echo "setup: missing: $missing"
echo "setup: installing with: $by_hand"
# shellcheck disable=SC2086 # the commands are lists of plain words
if [ -n "$refresh" ]; then
  $as_root $refresh || echo "setup: could not refresh the package list; trying with the old one" >&2
fi
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive $install || give_up "that failed." "$by_hand"

command -v bwrap >/dev/null 2>&1 && command -v git >/dev/null 2>&1 ||
  give_up "installed, but bwrap or git is still not on PATH." "$by_hand"
echo "setup: done"
