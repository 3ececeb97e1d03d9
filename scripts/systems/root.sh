# shellcheck shell=bash
# What the scripts of this folder share: counting checks, roots made of Debian packages, and running the program in
# them. It is sourced, never run:
#
#   . "$(dirname "$0")/root.sh"
#   begin_run debian
#   make_root bookworm amd64 "$work/root" dash coreutils libstdc++6
#   enter_root "$work/root" --bind "$node:/usr/local/bin/node" -- node --version
#   finish_run
#
# An architecture is named as Debian names it: amd64, arm64, armhf. Environment:
#
#   NANOAGENT_TEST_MODEL     a GGUF model for the checks that need one; they are skipped without it
#   NANOAGENT_TEST_CACHE     where downloads are kept; default ~/.cache/nanoagent-systems
#   NANOAGENT_TEST_MIRROR    a Debian mirror; default: the one that this machine's apt uses
#   NANOAGENT_TEST_REQUIRED  1: a script that cannot run here fails, as CI wants it
#   NANOAGENT_TEST_INSTALL   a folder that install-packed.mjs made; default: this clone's build, packed anew

systems=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${NANOAGENT_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nanoagent-systems}
work='' passed=0 failed=0 skipped=0
# NAME=VALUE, for every command in a root.
root_environment=()

# begin_run NAME: makes the folder $work, which goes with the script however that ends.
begin_run() {
  run_name=$1
  mkdir -p "$cache"
  work=$(mktemp -d "${TMPDIR:-/tmp}/nanoagent-$1-XXXXXX")
  trap 'end_work' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

# Mounts are made in namespaces of their own, which end with their processes: only files are left to remove.
end_work() {
  local children
  children=$(jobs -p)
  # shellcheck disable=SC2086 # One word a process.
  [ -z "$children" ] || kill $children 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf --one-file-system "$work"
}

say() { echo "$run_name: $*" >&2; }

pass() {
  passed=$((passed + 1))
  echo "ok       $*"
}

fail() {
  failed=$((failed + 1))
  echo "FAILED   $*"
}

skip() {
  skipped=$((skipped + 1))
  echo "skipped  $*"
}

# skip_run REASON: nothing of this script can run here. Its row of the support table counts as not run; where it has to
# run (NANOAGENT_TEST_REQUIRED) that is a failure.
skip_run() {
  if [ -n "${NANOAGENT_TEST_REQUIRED:-}" ]; then fail "not run: $1"; else skip "not run: $1"; fi
  finish_run
}

# Prints the counts and ends the script: with 1 where a check has failed.
finish_run() {
  echo "$run_name: $passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ] || exit 1
  exit 0
}

# need_root; need_tools TOOL…: skip the whole script where they are missing.
need_root() {
  [ "$(uname -s)" = Linux ] || skip_run "needs Linux"
  [ "$(id -u)" = 0 ] || skip_run "needs root, for mounts and chroot"
}

need_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" > /dev/null || skip_run "needs $tool (apt-get install the package that has it)"
  done
}

# Prints the URI of a Debian mirror, or nothing where apt uses none (Ubuntu): mmdebstrap knows one itself.
debian_mirror() {
  local mirror=${NANOAGENT_TEST_MIRROR:-}
  if [ -z "$mirror" ]; then
    # shellcheck disable=SC2016 # apt expands it.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2> /dev/null | head -n 1)
  fi
  echo "$mirror"
}

# make_root SUITE ARCHITECTURE FOLDER PACKAGE…: lays out the packages and what they depend on, without running anything
# of them. The archive is kept in the cache. Returns 1 where the packages cannot be had; what was said is in
# $work/mmdebstrap.txt.
make_root() {
  local suite=$1 architecture=$2 folder=$3 archive include
  shift 3
  include=$(printf '%s\n' "$@" | sort | paste -sd,)
  archive=$cache/$suite-$architecture-$(echo "$include" | sha256sum | cut -c1-12).tar
  if [ ! -f "$archive" ]; then
    download_packages "$suite" "$architecture" "$work/packages.tar" "$include" || return 1
    mv "$work/packages.tar" "$archive"
  fi
  mkdir -p "$folder"
  tar -xf "$archive" -C "$folder" --exclude='./dev/*' --exclude='./var/lib/apt/*' --exclude='./var/cache/apt/*' || return 1
  mkdir -p "$folder"/{dev,proc,sys,tmp,run,root,etc,opt}
  # Maintainer scripts would have made these.
  [ -e "$folder/bin/sh" ] || [ ! -e "$folder/bin/dash" ] || ln -s dash "$folder/bin/sh"
  [ -e "$folder/etc/passwd" ] || printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' > "$folder/etc/passwd"
  [ -e "$folder/etc/group" ] || printf 'root:x:0:\nnogroup:x:65534:\n' > "$folder/etc/group"
}

# download_packages SUITE ARCHITECTURE TARGET PACKAGE,PACKAGE: into a folder, or an archive whose name ends with .tar.
download_packages() {
  local mirror
  mirror=$(debian_mirror) || mirror=
  say "downloading $1 $2: $4"
  # Newer releases have /bin, /lib and /sbin as links into /usr, which the maintainer scripts would have made.
  # shellcheck disable=SC2016 # $1 is the hook's.
  TMPDIR=$work mmdebstrap --variant=extract --architectures="$2" --include="$4" \
    --setup-hook='cd "$1" && for name in bin sbin lib lib32 lib64 libx32; do mkdir -p usr/$name; ln -sfn usr/$name $name; done' \
    "$1" "$3" ${mirror:+"$mirror"} > "$work/mmdebstrap.txt" 2>&1
}

# node_binary MAJOR ARCHITECTURE: prints the path of a Node of that line, from npm's packages of Node: the newest,
# or the one that the cache holds.
node_binary() {
  local name found
  name=node-linux-$(node_architecture "$2")
  found=$cache/$name-$1/bin/node
  if [ ! -x "$found" ]; then
    say "downloading $name@$1"
    mkdir -p "$work/node-$1" "$cache/$name-$1"
    (cd "$work/node-$1" && npm pack --silent "$name@$1" > /dev/null && tar -xzf ./*.tgz && rm ./*.tgz) || return 1
    mkdir -p "$cache/$name-$1/bin"
    mv "$work/node-$1/package/bin/node" "$found"
  fi
  echo "$found"
}

# node_architecture ARCHITECTURE: prints what Node calls it.
node_architecture() {
  case $1 in
    amd64) echo x64 ;;
    arm64) echo arm64 ;;
    armhf) echo armv7l ;;
    *) echo "$1" ;;
  esac
}

# packed_install PLATFORM: prints the folder of the packed packages, as install-packed.mjs lays them out. It packs once.
packed_install() {
  local folder=${NANOAGENT_TEST_INSTALL:-$work/install-$1}
  if [ ! -d "$folder/node_modules/@nanoagent/cli" ]; then
    say "packing the program for $1"
    node "$systems/install-packed.mjs" "$folder" "$1" > "$work/install-packed.txt" 2>&1 || {
      cat "$work/install-packed.txt" >&2
      return 1
    }
  fi
  echo "$folder"
}

# enter_root FOLDER [OPTION]… -- COMMAND…      OPTION: --bind FROM:TO, --sys host|none, --environment NAME=VALUE,
#                                               --user ID:ID, --read-only yes, --writable FOLDER
#
# Runs a command in a root: in namespaces of its own for mounts and processes, with its own /proc, /dev and /tmp, and
# read-only binds of what the command needs. /sys is this machine's, cgroups included; with --sys none it is empty. With
# --read-only the root is, but for the folders that are named writable.
# Whatever the command started ends with it.
enter_root() {
  local folder=$1 sys=host read_only=no user=0:0
  local binds=() environment=("${root_environment[@]}") writable=()
  shift
  while [ "$1" != -- ]; do
    case $1 in
      --bind) binds+=("$2") ;;
      --sys) sys=$2 ;;
      --environment) environment+=("$2") ;;
      --user) user=$2 ;;
      --read-only) read_only=$2 ;;
      --writable) writable+=("$2") ;;
      *) echo "enter_root: unknown option $1" >&2; return 2 ;;
    esac
    shift 2
  done
  shift
  # shellcheck disable=SC2016 # Expanded by the shell inside.
  unshare --mount --pid --fork --kill-child --propagation private bash -euc '
    folder=$1 sys=$2 read_only=$3 binds=$4 writable=$5
    shift 5
    mount --bind "$folder" "$folder"
    while IFS= read -r bind; do
      [ -n "$bind" ] || continue
      from=${bind%%:*} to=$folder${bind#*:}
      if [ -d "$from" ]; then mkdir -p "$to"; else mkdir -p "$(dirname "$to")"; [ -e "$to" ] || : > "$to"; fi
      mount --bind "$from" "$to"
      mount -o remount,bind,ro "$to"
    done <<< "$binds"
    if [ "$read_only" = yes ]; then
      while IFS= read -r name; do [ -z "$name" ] || mount --bind "$folder$name" "$folder$name"; done <<< "$writable"
      mount -o remount,bind,ro "$folder"
    fi
    mount -t proc proc "$folder/proc"
    [ "$sys" = none ] || mount --rbind /sys "$folder/sys"
    mount -t tmpfs -o mode=1777 tmpfs "$folder/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$folder/dev"
    for device in null zero full random urandom tty; do
      : > "$folder/dev/$device"
      mount --bind "/dev/$device" "$folder/dev/$device"
    done
    mkdir -m 1777 "$folder/dev/shm"
    mount -t tmpfs -o mode=1777 tmpfs "$folder/dev/shm"
    ln -s /proc/self/fd "$folder/dev/fd"
    for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "$folder/dev/${number#*:}"; done
    env -i "$@" && status=0 || status=$?
    exit "$status"
  ' enter-root "$folder" "$sys" "$read_only" "$(printf '%s\n' "${binds[@]}")" "$(printf '%s\n' "${writable[@]}")" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "${environment[@]}" \
    chroot --userspec="$user" "$folder" "$@"
}

# root_smoke TITLE ROOT NODE INSTALL [SMOKE-OPTION…]: the smoke suite in a root, its rows under TITLE, its counts added.
root_smoke() {
  local title=$1 root=$2 node=$3 install=$4
  shift 4
  local binds=(--bind "$node:/usr/local/bin/node" --bind "$install:/opt/nanoagent" --bind "$systems/smoke.mjs:/opt/smoke.mjs")
  local options=(--install /opt/nanoagent)
  if [ -n "${NANOAGENT_TEST_MODEL:-}" ]; then
    binds+=(--bind "$(realpath "$NANOAGENT_TEST_MODEL"):/opt/model.gguf")
    options+=(--model /opt/model.gguf)
  fi
  echo "== $title"
  enter_root "$root" "${binds[@]}" -- node /opt/smoke.mjs "${options[@]}" "$@" > "$work/smoke.txt" 2>&1 || true
  cat "$work/smoke.txt"
  count_smoke "$work/smoke.txt" "$title"
}

# count_smoke FILE TITLE [NAME]: adds the counts of the smoke suite's output, or of NAME's; output without them is a
# failure.
count_smoke() {
  local line name=${3:-smoke}
  line=$(grep -E "^$name: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped" "$1" | tail -n 1) || true
  if [ -z "$line" ]; then
    fail "$2: $name did not come to its end"
    return
  fi
  # shellcheck disable=SC2086 # Its words are the fields.
  set -- $line
  passed=$((passed + $2)) failed=$((failed + $4)) skipped=$((skipped + $6))
}
