#!/usr/bin/env bash
# What a newcomer's computer does: a command in a copy of this checkout, on a Debian that has Python,
# venv and make and nothing else. No tkinter, no ALSA files, no locale, no JACK, no browser, no git.
#
#   tests/rigs/bare_system.sh SUITE COMMAND...        e.g. tests/rigs/bare_system.sh trixie make demo
#
# SUITE is one of Debian's: bookworm has Python 3.11, trixie 3.13, sid the newest. It is fetched once,
# from the mirror that apt uses here, into ${BARE_SYSTEMS:-~/.cache/bare-systems}; pip inside asks
# whom it asks here. Needs root and the right to mount: all mounts are in a namespace of their own,
# so they go with the command, however it ends.
set -euo pipefail

fail() { echo "bare_system: $*" >&2; exit 3; }

[ "$#" -ge 2 ] || fail "usage: bare_system.sh SUITE COMMAND..."
suite=$1; shift
checkout=$(cd "$(dirname "$0")/../.." && pwd)
systems=${BARE_SYSTEMS:-$HOME/.cache/bare-systems}
system=$systems/$suite
[ "$(id -u)" = 0 ] || fail "only root may set up a bare system"
unshare --mount --pid --fork true 2>/dev/null ||
  fail "this container may not mount: allow it CAP_SYS_ADMIN, or run it on a computer of its own"

mkdir -p "$systems"
exec 9>"$system.lock"
flock 9
if [ ! -e "$system/complete" ]; then
  command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 '/debian/*$' ||
    fail "apt has no mirror of Debian here")
  rm -rf "$system"
  debootstrap --variant=minbase --include=python3,python3-venv,make "$suite" "$system" "$mirror" \
    >"$system.log" 2>&1 || { tail -n 3 "$system.log"; fail "no $suite from the mirror of apt"; }
  touch "$system/complete"
fi
flock -u 9

home=$(mktemp -d "$system/root/run-XXXXXX")
trap 'rm -rf --one-file-system "$home"' EXIT
mkdir "$home/checkout" "$home/tmp"
if ! git -C "$checkout" ls-files -z >"$home/files" 2>/dev/null; then
  fail "$checkout is no checkout of git"
fi
tar -C "$checkout" -c --null -T "$home/files" --ignore-failed-read 2>/dev/null |
  tar -C "$home/checkout" -x

# What pip is set to here, as variables; what of it is a file or a folder is seen inside as well.
python3 -m pip config list 2>/dev/null |
  sed -n "s/^\(global\|install\|:env:\)\.\([a-z-]*\)='\(.*\)'\$/\2 \3/p" |
  while read -r key value; do
    echo "PIP_$(echo "$key" | tr 'a-z-' 'A-Z_')=$value"
  done >"$home/pip"
grep -oE '(=| )/[^ ,]+' "$home/pip" | cut -c2- >"$home/seen" || true
grep -oE 'file:///[^ ,]+' "$home/pip" | cut -c8- | xargs -r -n1 dirname >>"$home/seen" || true  # an index
echo /etc/ssl/certs/ca-certificates.crt >>"$home/seen"
mapfile -t settings <"$home/pip"

inside() {  # in the namespace: the file systems that a program expects, then the command
  local system=$1 home=$2 path; shift 2
  mount --make-rprivate /
  mount --bind "$system" "$system"
  mount -t proc proc "$system/proc"
  mount -t tmpfs -o mode=755 tmpfs "$system/dev"
  mkdir "$system/dev/shm"
  for path in null zero full random urandom tty; do
    touch "$system/dev/$path"
    mount --bind "/dev/$path" "$system/dev/$path"
  done
  for path in /etc/resolv.conf /etc/hosts $(cat "$home/seen"); do
    [ -e "$path" ] || continue
    if [ -d "$path" ]; then
      mkdir -p "$system$path"
    else
      mkdir -p "$system$(dirname "$path")"
      [ -e "$system$path" ] || touch "$system$path"
    fi
    mount --bind "$path" "$system$path"
    mount -o remount,ro,bind "$system$path"
  done
  exec chroot "$system" "$@"
}

# shellcheck disable=SC2016
unshare --mount --pid --fork --kill-child bash -c "$(declare -f inside); set -e; inside \"\$@\"" inside \
  "$system" "$home" \
  /usr/bin/env -i "HOME=${home#"$system"}" "TMPDIR=${home#"$system"}/tmp" PATH=/usr/bin:/bin:/usr/sbin \
  "${settings[@]}" sh -c 'cd ~/checkout && python3 --version && exec "$@"' sh "$@"
