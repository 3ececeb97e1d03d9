# shellcheck shell=bash disable=SC2034,SC2154 # $work and $root_environment are root.sh's.
# Running another architecture's programs on this machine, with qemu's user emulation. It is sourced after root.sh:
#
#   . "$(dirname "$0")/root.sh"
#   . "$(dirname "$0")/emulation.sh"
#   begin_run arm64
#   need_emulation arm64
#   emulated_smoke "arm64, Node 22" "$work/root" "$node" "$install"
#
# The programs start each other by execve, which qemu's user emulation does not follow. So the kernel has to know the
# emulator: need_emulation gives it an entry in binfmt_misc, with the flag F, so that the emulator is found from within
# any root. The entry has a name of its own and is removed at the end of the script. An entry that this machine has
# already (Debian's package binfmt-support makes one) is used as it is.
#
# The emulated processor is QEMU_CPU, by default a cortex-a72 (arm64) or a cortex-a7 (armhf). A tool sees only the
# environment that its settings give it, not QEMU_CPU: it runs on qemu's default processor.

emulator_entry=
emulator_cpu=

# The beginnings of ELF files for these machines, little-endian: class, machine.
elf_magic() {
  case $1 in
    arm64) printf '%s' '\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' ;;
    armhf) printf '%s' '\x7f\x45\x4c\x46\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00' ;;
  esac
}

# Executables and shared objects alike, whatever the byte of the operating system's ABI says.
elf_mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'

# need_emulation ARCHITECTURE: has the kernel run its programs; skips the whole script where that is not possible.
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
    say "using this machine's own entry for $1 in binfmt_misc"
    return
  fi
  need_tools "$emulator"
  emulator_entry=nanoagent-$1-$$
  # shellcheck disable=SC2016 # Expanded by the shell inside.
  in_binfmt_misc bash -c 'printf "%s" "$1" > "$2/register"' register \
    ":$emulator_entry:M::$magic:$elf_mask:$(command -v "$emulator"):F" "$work/binfmt_misc" ||
    skip_run "needs leave to register an emulator in binfmt_misc"
}

# Runs a command that sees binfmt_misc at $work/binfmt_misc; entries outlive the mount.
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

# The checks of the smoke suite that nothing can pass under qemu's user emulation. It tells a program that sets
# RLIMIT_DATA that this went well, and limits nothing: its own memory would be counted too.
unlimited="qemu's user emulation does not carry out RLIMIT_DATA"

# emulated_smoke TITLE ROOT NODE INSTALL [SMOKE-OPTION…]: as root_smoke, of another architecture.
emulated_smoke() {
  if [ -n "$emulator_cpu" ]; then
    root_environment=("QEMU_CPU=$emulator_cpu")
    set -- "$@" --slowness 40 --without "a tool's limit=$unlimited" --without "an engine's limit bites=$unlimited"
  fi
  root_smoke "$@"
}
