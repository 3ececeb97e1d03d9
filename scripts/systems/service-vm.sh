#!/usr/bin/env bash
# Tests `nanoagent service` in a virtual machine with Debian 12 and its systemd: install as the README says, boot, answer,
# kill -9, a hang, a wrong config, an upgrade, a service without root, and the removal. Needs root, this clone's build,
# npm, and the packages qemu-system-x86, mmdebstrap and e2fsprogs. No systemd runs outside the machine.
#
#   sudo bash scripts/systems/service-vm.sh [--keep] [--image-cache FOLDER] [--log FILE]
#
#   --keep                 keep the disk of the machine, and print its path
#   --image-cache FOLDER   keep Debian's packages here for the next run; default: ~/.cache/nanoagent-systems
#   --log FILE             write the console to this file, too
#
# The machine has no network. In the emulator a run takes 15 to 40 minutes. With NANOAGENT_TEST_MODEL, a local model
# answers in the service, too. Variables: those of root.sh, and
#
#   NANOAGENT_TEST_SECONDS   longest run of the machine; default: 5000
set -euo pipefail
. "$(dirname "$0")/root.sh"

keep='' log=''
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=1 ;;
    --image-cache) cache=$2; shift ;;
    --log) log=$2; shift ;;
    *) echo "Usage: service-vm.sh [--keep] [--image-cache FOLDER] [--log FILE]" >&2; exit 2 ;;
  esac
  shift
done

begin_run service-vm
need_root
need_tools mmdebstrap qemu-system-x86_64 mke2fs npm node
repository=$(cd "$systems/../.." && pwd)
[ -f "$repository/packages/cli/dist/main.js" ] || skip_run "needs the build; run node scripts/bootstrap.mjs"
log=${log:-$work/console.txt}

packages=systemd,systemd-sysv,dbus,libpam-systemd,polkitd,sudo,curl,ca-certificates,procps,linux-image-amd64,libstdc++6,libatomic1
archive=$cache/service-vm-bookworm-$(echo "$packages" | sha256sum | cut -c1-12).tar
if [ ! -f "$archive" ]; then
  say "downloading and configuring Debian 12: $packages"
  mirror=$(debian_mirror) || mirror=
  TMPDIR=$work mmdebstrap --variant=minbase --format=tar --include="$packages" bookworm "$archive.part" ${mirror:+"$mirror"} > "$work/mmdebstrap.txt" 2>&1 ||
    skip_run "cannot make a root of Debian's packages: $(tail -n 1 "$work/mmdebstrap.txt")"
  mv "$archive.part" "$archive"
fi

say "packing the program, and a newer version of it"
pnpm=$(node -p "require('$repository/package.json').packageManager")
(cd "$repository/packages/cli" && npx --yes "$pnpm" pack --pack-destination "$work" > "$work/pack.txt" 2>&1) ||
  skip_run "cannot pack the program: $(tail -n 1 "$work/pack.txt")"
version=$(node -p "require('$repository/packages/cli/package.json').version")
newer=${version%.*}.$((${version##*.} + 1))
mkdir "$work/newer"
tar -xzf "$work/nanoagent-cli-$version.tgz" -C "$work/newer"
sed -i "s/\"${version//./\\.}\"/\"$newer\"/g" "$work/newer/package/package.json" "$work"/newer/package/dist/*.js
tar -czf "$work/nanoagent-cli-$newer.tgz" -C "$work/newer" package

say "filling the disk"
root=$work/root
mkdir "$root"
tar -xf "$archive" -C "$root" --exclude='./dev/*' --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*'
cp -L "$root"/boot/vmlinuz-* "$work/vmlinuz"
cp -L "$root"/boot/initrd.img-* "$work/initrd"
rm -rf "$root"/boot/*
node=$(node -p process.execPath)
npm=$(dirname "$(dirname "$(realpath "$(command -v npm)")")")
# place_node FOLDER: installs Node and npm as their archive does.
place_node() {
  mkdir -p "$1/bin" "$1/lib/node_modules"
  cp "$node" "$1/bin/node"
  cp -r "$npm" "$1/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/bin/npm"
}
place_node "$root/usr/local"
nvm=/home/pi/.nvm/versions/node/$(node --version)
chroot "$root" useradd --create-home --shell /bin/bash pi
place_node "$root$nvm"
chroot "$root" chown -R pi:pi /home/pi
echo 'pi ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/pi"
echo nanoagent-vm > "$root/etc/hostname"
printf '127.0.0.1 localhost nanoagent-vm\n' > "$root/etc/hosts"
mkdir -p "$root/opt/tarballs" "$root/var/log/journal"
cp "$work"/nanoagent-cli-*.tgz "$root/opt/tarballs/"
cp "$systems/service-vm-guest.sh" "$root/root/guest.sh"
if [ -n "${NANOAGENT_TEST_MODEL:-}" ]; then
  llama=$(find "$repository"/node_modules/.pnpm/@node-llama-cpp+linux-x64@*/node_modules/@node-llama-cpp/linux-x64 -maxdepth 0 | head -n 1)
  tar -czf "$root/opt/tarballs/llama.tgz" -C "$llama" --transform 's,^\.,package,' .
  cp "$NANOAGENT_TEST_MODEL" "$root/root/model.gguf"
fi
# The block of the README that installs a service, as it is.
awk '/^```/ { if (inside && text ~ /service install/) printf "%s", text; inside = !inside; text = ""; next } inside { text = text $0 "\n" }' \
  "$repository/README.md" > "$root/root/readme-steps.sh"
[ -s "$root/root/readme-steps.sh" ] || skip_run "the README has no steps to install a service"
cat > "$root/root/settings.sh" << SETTINGS
version=$version
newer=$newer
nvm=$nvm
SETTINGS
cat > "$root/etc/systemd/system/vm-test.service" << 'UNIT'
[Unit]
Description=Test of nanoagent service
After=network.target systemd-user-sessions.service dbus.service

[Service]
ExecStart=/bin/bash /root/guest.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
KillMode=process

[Install]
WantedBy=multi-user.target
UNIT
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../vm-test.service "$root/etc/systemd/system/multi-user.target.wants/vm-test.service"
ln -s /dev/null "$root/etc/systemd/system/serial-getty@ttyS0.service"
disk=$work/disk.img
mke2fs -q -F -t ext4 -d "$root" "$disk" 3000M > "$work/mke2fs.txt" 2>&1 || skip_run "cannot make the disk: $(tail -n 1 "$work/mke2fs.txt")"
rm -rf --one-file-system "$root"

say "booting; the console is in $log"
# The emulator, because hardware virtualization inside a cloud machine may hang. It ends when the machine powers off.
timeout --kill-after=10 "${NANOAGENT_TEST_SECONDS:-5000}" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -cpu max -m 1024 \
  -display none -monitor none -serial stdio -nic none -kernel "$work/vmlinuz" -initrd "$work/initrd" \
  -drive "file=$disk,format=raw,if=virtio,cache=unsafe" \
  -append "root=/dev/vda rw console=ttyS0 quiet loglevel=3 systemd.show_status=0 panic=-1" \
  < /dev/null 2>&1 | sed -u 's/\r//g' | tee "$log" >&2 || true

while read -r line; do
  case $line in
    "ok "*) pass "${line#ok * - }" ;;
    "not ok "*) fail "${line#not ok * - }" ;;
  esac
done < <(grep -aE '^(not )?ok [0-9]+ - ' "$log" || true)
grep -aq '^vm-end$' "$log" || fail "the machine did not come to the end of its script"
if [ -n "$keep" ]; then
  cp --sparse=always "$disk" "$cache/service-vm-disk.img"
  say "the disk is in $cache/service-vm-disk.img"
fi
finish_run
