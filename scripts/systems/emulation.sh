# shellcheck shell=bash disable=SC2034,SC2154 # $work and $root_environment are root.sh's.
# Runs programs of another architecture with qemu's user emulation. Sourced after root.sh:
#
#   . "$(dirname "$0")/root.sh"
#   . "$(dirname "$0")/emulation.sh"
#   begin_run arm64
#   need_emulation arm64
#   emulated_smoke "arm64, Node 22" "$work/root" "$node" "$install"
#
# Programs start each other with execve, which qemu's user emulation does not follow. So need_emulation registers the
# emulator with the kernel, as an entry in binfmt_misc with flag F, which works in every root. The entry has a unique
# name and is removed at the end of the script. An existing entry, such as that of Debian's binfmt-support, is used
# instead.
#
# The emulated processor is QEMU_CPU, by default a cortex-a72 (arm64) or a cortex-a7 (armhf). Tools do not get QEMU_CPU,
# so they run on qemu's default processor.

emulator_entry=
emulator_cpu=

# Prints the magic bytes of ELF files for a machine, little-endian.
elf_magic() {
  case $1 in
    arm64) printf '%s' '\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' ;;
    armhf) printf '%s' '\x7f\x45\x4c\x46\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00' ;;
  esac
}

# Matches executables and shared objects, with every value of the OS ABI byte.
elf_mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'

# need_emulation ARCHITECTURE: makes the kernel run its programs, or skips the whole script.
need_emulation() {
  local emulator magic
  case $1 in
    arm64) emulator=qemu-aarch64-static emulator_cpu=${QEMU_CPU:-cortex-a72} ;;
    armhf) emulator=qemu-arm-static emulator_cpu=${QEMU_CPU:-cortex-a7} ;;
    *) echo "need_emulation: unknown architecture $1" >&2; exit 2 ;;
  esac
  if [ "$(dpkg --print-architecture)" = "$1" ]; then
    emulator_cpu=
    return
  fi
  trap 'forget_emulator; end_work' EXIT
  mkdir "$work/binfmt_misc"
  modprobe binfmt_misc 2> /dev/null || true
  grep -qw binfmt_misc /proc/filesystems || skip_run "needs a kernel with binfmt_misc"
  magic=$(elf_magic "$1")
  # shellcheck disable=SC2016 # Expanded by the shell inside.
  if in_binfmt_misc bash -c 'for entry in "$1"/*; do
      grep -qx enabled "$entry" && grep -q "^flags: .*F" "$entry" && grep -q "^magic $2" "$entry" && exit 0
    done 2> /dev/null; exit 1' find "$work/binfmt_misc" "${magic//\\x/}"; then
    say "using the existing binfmt_misc entry for $1"
    return
  fi
  need_tools "$emulator"
  emulator_entry=nanoagent-$1-$$
  # shellcheck disable=SC2016 # Expanded by the shell inside.
  in_binfmt_misc bash -c 'printf "%s" "$1" > "$2/register"' register \
    ":$emulator_entry:M::$magic:$elf_mask:$(command -v "$emulator"):F" "$work/binfmt_misc" ||
    skip_run "needs permission to register an emulator in binfmt_misc"
}

# Runs a command with binfmt_misc mounted at $work/binfmt_misc. Entries outlive the mount.
in_binfmt_misc() {
  # shellcheck disable=SC2016 # Expanded by the shell inside.
  unshare --mount --propagation private bash -euc 'mount -t binfmt_misc none "$0"; "$@"' "$work/binfmt_misc" "$@"
}

forget_emulator() {
  [ -n "$emulator_entry" ] || return 0
  # shellcheck disable=SC2016 # Expanded by the shell inside.
  in_binfmt_misc bash -c '[ ! -e "$1" ] || echo -1 > "$1"' forget "$work/binfmt_misc/$emulator_entry" || true
  emulator_entry=
}

# Reason for leaving out checks under qemu's user emulation. It accepts RLIMIT_DATA without enforcing it: its own memory
# would count as well.
unlimited="qemu's user emulation does not enforce RLIMIT_DATA"

# emulated_smoke TITLE ROOT NODE INSTALL [SMOKE-OPTION…]: like root_smoke, for another architecture.
emulated_smoke() {
  if [ -n "$emulator_cpu" ]; then
    root_environment=("QEMU_CPU=$emulator_cpu")
    set -- "$@" --slowness 40 --without "a tool's limit=$unlimited" --without "an engine's limit is enforced=$unlimited"
  fi
  root_smoke "$@"
}
