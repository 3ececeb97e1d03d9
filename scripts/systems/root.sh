# shellcheck shell=bash
# Shared functions of the scripts in this folder: counting checks, root file systems of Debian packages, and running the
# program in them. Sourced, never run:
#
#   . "$(dirname "$0")/root.sh"
#   begin_run debian
#   make_root bookworm amd64 "$work/root" dash coreutils libstdc++6
#   enter_root "$work/root" --bind "$node:/usr/local/bin/node" -- node --version
#   finish_run
#
# Architectures have Debian's names: amd64, arm64, armhf. Variables:
#
#   NANOAGENT_TEST_MODEL     GGUF model; without it, checks that need a model are skipped
#   NANOAGENT_TEST_CACHE     folder for downloads; default: ~/.cache/nanoagent-systems
#   NANOAGENT_TEST_MIRROR    Debian mirror; default: the one that this machine's apt uses
#   NANOAGENT_TEST_REQUIRED  1: a script that cannot run here fails (for CI)
#   NANOAGENT_TEST_INSTALL   folder from install-packed.mjs; default: this clone's build is packed

systems=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${NANOAGENT_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nanoagent-systems}
work='' passed=0 failed=0 skipped=0
# NAME=VALUE pairs for every command in a root.
root_environment=()

# begin_run NAME: creates the folder $work, which is removed when the script ends.
begin_run() {
  run_name=$1
  mkdir -p "$cache"
  work=$(mktemp -d "${TMPDIR:-/tmp}/nanoagent-$1-XXXXXX")
  trap 'end_work' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

# Mounts are in separate namespaces that end with their processes, so only files have to be removed.
end_work() {
  local children
  children=$(jobs -p)
  # shellcheck disable=SC2086 # One word per process.
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

# skip_run REASON: ends a script that cannot run here. Its row of the support table counts as not run; with
# NANOAGENT_TEST_REQUIRED this is a failure.
skip_run() {
  if [ -n "${NANOAGENT_TEST_REQUIRED:-}" ]; then fail "not run: $1"; else skip "not run: $1"; fi
  finish_run
}

# Prints the counts and ends the script; exit code 1 if a check failed.
finish_run() {
  echo "$run_name: $passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ] || exit 1
  exit 0
}

# need_root; need_tools TOOL…: skip the whole script if something is missing.
need_root() {
  [ "$(uname -s)" = Linux ] || skip_run "needs Linux"
  [ "$(id -u)" = 0 ] || skip_run "needs root, for mounts and chroot"
}

need_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" > /dev/null || skip_run "needs $tool; install its package with apt-get"
  done
}

# Prints the URI of a Debian mirror, or nothing if apt has none (Ubuntu); mmdebstrap has a default.
debian_mirror() {
  local mirror=${NANOAGENT_TEST_MIRROR:-}
  if [ -z "$mirror" ]; then
    # shellcheck disable=SC2016 # apt expands it.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2> /dev/null | head -n 1)
  fi
  echo "$mirror"
}

# make_root SUITE ARCHITECTURE FOLDER PACKAGE…: unpacks the packages and their dependencies, without running their
# scripts. The archive is cached. Returns 1 if the packages cannot be downloaded; the output is in $work/mmdebstrap.txt.
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
  # Maintainer scripts would create these.
  [ -e "$folder/bin/sh" ] || [ ! -e "$folder/bin/dash" ] || ln -s dash "$folder/bin/sh"
  [ -e "$folder/etc/passwd" ] || printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' > "$folder/etc/passwd"
  [ -e "$folder/etc/group" ] || printf 'root:x:0:\nnogroup:x:65534:\n' > "$folder/etc/group"
}

# download_packages SUITE ARCHITECTURE TARGET PACKAGE,PACKAGE: TARGET is a folder, or an archive with a name in .tar.
download_packages() {
  local mirror
  mirror=$(debian_mirror) || mirror=
  say "downloading $1 $2: $4"
  # In newer releases /bin, /lib and /sbin are links into /usr, which maintainer scripts would create.
  # shellcheck disable=SC2016 # $1 is the hook's.
  TMPDIR=$work mmdebstrap --variant=extract --architectures="$2" --include="$4" \
    --setup-hook='cd "$1" && for name in bin sbin lib lib32 lib64 libx32; do mkdir -p usr/$name; ln -sfn usr/$name $name; done' \
    "$1" "$3" ${mirror:+"$mirror"} > "$work/mmdebstrap.txt" 2>&1
}

# node_binary MAJOR ARCHITECTURE: prints the path of a Node with this major version, from npm's packages of Node: the
# cached one, or the newest.
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

# node_architecture ARCHITECTURE: prints Node's name for it.
node_architecture() {
  case $1 in
    amd64) echo x64 ;;
    arm64) echo arm64 ;;
    armhf) echo armv7l ;;
    *) echo "$1" ;;
  esac
}

# packed_install PLATFORM: prints the folder of the packed packages from install-packed.mjs. Packs them once.
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
# Runs a command in a root: in separate mount and process namespaces, with its own /proc, /dev and /tmp, and with
# read-only binds. /sys is this machine's, including cgroups; with --sys none it is empty. With --read-only yes, only
# the --writable folders are writable. All processes of the command end with it.
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

# root_smoke TITLE ROOT NODE INSTALL [SMOKE-OPTION…]: runs the smoke suite in a root, with a title, and adds its counts.
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

# count_smoke FILE TITLE [NAME]: adds the counts in the output of the smoke suite, or of NAME. Output without counts is
# a failure.
count_smoke() {
  local line name=${3:-smoke}
  line=$(grep -E "^$name: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped" "$1" | tail -n 1) || true
  if [ -z "$line" ]; then
    fail "$2: $name did not finish"
    return
  fi
  # shellcheck disable=SC2086 # The words of the line are the fields.
  set -- $line
  passed=$((passed + $2)) failed=$((failed + $4)) skipped=$((skipped + $6))
}
