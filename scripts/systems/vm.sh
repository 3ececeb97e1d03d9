# shellcheck shell=bash disable=SC2154 # root.sh sets $cache and $work.
# Virtual machines with a kernel and root file system of Debian packages. Sourced after root.sh, never run:
#
#   make_root bookworm amd64 "$work/root" dash coreutils
#   vm_script "$work/root" <<< 'uname -a'
#   vm_kernel bookworm amd64
#   vm_image "$work/root" "$work/disk" 2000
#   vm_run amd64 "$work/disk" "$work/console.txt" 300 cgroup_disable=memory
#
# Instead of Debian's init, a small one mounts file systems, runs the script and powers the machine off. Variables:
#
#   NANOAGENT_TEST_ACCELERATOR   kvm or tcg (the emulator); default: kvm if it can boot a kernel

# Memory and processors of a virtual machine.
vm_memory_mb=2048
vm_cores=2

need_vm_tools() {
  need_tools mmdebstrap mkfs.ext4 cpio "$(vm_emulator "$1")"
}

vm_emulator() {
  case $1 in
    amd64) echo qemu-system-x86_64 ;;
    arm64) echo qemu-system-aarch64 ;;
    *) echo qemu-system-arm ;;
  esac
}

# vm_kernel SUITE ARCHITECTURE: sets $vm_linux and $vm_initrd, from the cache if possible.
vm_kernel() {
  local package folder=$cache/kernel-$1-$2
  case $2 in
    amd64) package=linux-image-cloud-amd64 ;;
    arm64) package=linux-image-cloud-arm64 ;;
    *) package=linux-image-armmp ;;
  esac
  vm_linux=$folder/vmlinuz vm_initrd=$folder/initrd
  [ ! -f "$vm_initrd" ] || return 0
  download_packages "$1" "$2" "$work/kernel" "$package,busybox-static" || return 1
  mkdir -p "$folder"
  cp -L "$work"/kernel/boot/vmlinuz-* "$vm_linux" || return 1
  vm_make_initrd "$work/kernel" || return 1
  mv "$work/initrd" "$vm_initrd"
  rm -rf "$work/kernel"
}

# Makes the initial root file system. It loads disk modules, mounts the disk, and starts the script there.
vm_make_initrd() {
  local folder=$work/initrd-root name
  mkdir -p "$folder"/{bin,proc,sys,dev,disk,modules}
  cp "$1/bin/busybox" "$folder/bin/busybox" || return 1
  ln -s busybox "$folder/bin/sh"
  vm_modules=()
  for name in virtio_pci virtio_mmio virtio_blk crc32c_generic ext4; do vm_module "$1/lib/modules" "$name" "$folder/modules"; done
  printf '%s\n' "${vm_modules[@]}" > "$folder/modules/order"
  cat > "$folder/init" << 'INIT'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r name; do insmod "/modules/$name" || echo "vm: cannot load $name"; done < /modules/order
for attempt in $(seq 100); do [ -b /dev/vda ] && break; sleep 0.2; done
mount -t ext4 /dev/vda /disk || { echo "vm: no disk"; poweroff -f; }
for name in proc sys dev; do mount --move "/$name" "/disk/$name"; done
exec switch_root /disk /bin/sh /vm-init
INIT
  chmod +x "$folder/init"
  (cd "$folder" && find . | cpio --quiet -o -H newc) > "$work/initrd"
  rm -rf "$folder"
}

# vm_module TREE NAME TARGET: copies a module after its dependencies. A missing module is built into the kernel.
vm_module() {
  local file name depends
  for name in "${vm_modules[@]}"; do [ "$name" != "$2.ko" ] || return 0; done
  file=$(find "$1" -name "${2//-/_}.ko*" -o -name "${2//_/-}.ko*" | head -n 1)
  [ -n "$file" ] || return 0
  case $file in
    *.xz) xz -dc "$file" > "$3/$2.ko" ;;
    *.zst) zstd -qdc "$file" > "$3/$2.ko" ;;
    *) cp "$file" "$3/$2.ko" ;;
  esac
  depends=$(LC_ALL=C grep -aoE '(^|[^a-z])depends=[A-Za-z0-9_,-]*' "$3/$2.ko" | head -n 1 | sed 's/.*=//')
  for name in ${depends//,/ }; do vm_module "$1" "$name" "$3"; done
  vm_modules+=("$2.ko")
}

# vm_script ROOT < SCRIPT: sets the script that the machine runs, with the root's shell. vm_run returns its exit code.
vm_script() {
  cat > "$1/vm-run"
  mkdir -p "$1"/{proc,sys,dev,tmp,run,root}
  cat > "$1/vm-init" << 'INIT'
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs tmpfs /run
mkdir -p /dev/shm
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
ln -sfn /proc/self/fd /dev/fd
cd /root
/bin/sh /vm-run
echo "vm-exit: $?"
sync
echo o > /proc/sysrq-trigger
sleep 5
echo b > /proc/sysrq-trigger
sleep 60
INIT
}

# vm_image ROOT IMAGE MEGABYTES: makes a disk image from the root.
vm_image() {
  rm -f "$2"
  truncate -s "$3M" "$2"
  mkfs.ext4 -q -F -d "$1" "$2" > "$work/mkfs.txt" 2>&1 || { cat "$work/mkfs.txt" >&2; return 1; }
}

# vm_accelerator ARCHITECTURE: sets $vm_accelerated and $vm_machine, the processor options of the emulator. KVM is used
# only if it can boot a kernel: a cloud machine can have the device without working virtualization. vm_run does not call
# it if the script has set both variables.
vm_accelerator() {
  local options wanted=${NANOAGENT_TEST_ACCELERATOR:-}
  case $1 in
    amd64) vm_machine=(-machine pc -cpu max) ;;
    *) vm_machine=(-machine virt -cpu max) ;;
  esac
  vm_accelerated=tcg
  [ "$wanted" != tcg ] && [ -w /dev/kvm ] && [ "$(dpkg --print-architecture 2> /dev/null)" = "$1" ] || return 0
  for options in host host,-arch-capabilities; do
    # Without a root the kernel panics, which ends the emulator because of panic=-1 and -no-reboot.
    if { timeout 10 "$(vm_emulator "$1")" "${vm_machine[@]:0:2}" -enable-kvm -cpu "$options" -m 512 -display none \
      -monitor none -serial none -no-reboot -kernel "$vm_linux" -append panic=-1 > /dev/null < /dev/null; } 2> /dev/null; then
      vm_machine=("${vm_machine[@]:0:2}" -enable-kvm -cpu "$options")
      vm_accelerated=kvm
      return 0
    fi
  done
  [ "$wanted" != kvm ] || skip_run "KVM cannot boot a kernel here"
}

# vm_run ARCHITECTURE IMAGE LOG SECONDS [KERNEL-ARGUMENT…]: boots, writes the console to LOG and stderr, and returns the
# exit code of the script; 124 if it did not finish. Does not change the image.
vm_run() {
  local architecture=$1 image=$2 log=$3 seconds=$4 console status
  shift 4
  case $architecture in
    amd64) console=ttyS0 ;;
    *) console=ttyAMA0 ;;
  esac
  [ -n "${vm_accelerated:-}" ] || vm_accelerator "$architecture"
  say "booting $architecture under $vm_accelerated, $vm_memory_mb MB, at most $seconds s: $*"
  timeout --kill-after=10 "$seconds" "$(vm_emulator "$architecture")" "${vm_machine[@]}" -m "$vm_memory_mb" -smp "$vm_cores" \
    -display none -monitor none -serial stdio -no-reboot -nic none -kernel "$vm_linux" -initrd "$vm_initrd" \
    -drive "file=$image,format=raw,if=none,id=disk,snapshot=on" -device virtio-blk-pci,drive=disk \
    -append "console=$console quiet loglevel=3 panic=-1 $*" < /dev/null 2>&1 | sed -u 's/\r//g' | tee "$log" >&2 || true
  status=$(sed -n 's/^.*vm-exit: //p' "$log" | tail -n 1)
  return "${status:-124}"
}
