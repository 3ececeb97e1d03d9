# shellcheck shell=sh
# Runs in the virtual machine of gpio-vm.sh: makes a chip with 8 lines, one of which has the name BUTTON, and prints
# recordings of libgpiod's programs between lines that begin with ===.
. /opt/version
insmod /opt/configfs.ko* || exit 1
insmod /opt/gpio-simulator.ko || exit 1
mount -t configfs configfs /sys/kernel/config || exit 1
board=/sys/kernel/config/gpio-sim/board
mkdir -p "$board/bank/line3" || exit 1
echo 8 > "$board/bank/num_lines"
echo greenhouse > "$board/bank/label"
echo BUTTON > "$board/bank/line3/name"
echo 1 > "$board/live" || exit 1
chip=$(cat "$board/bank/chip_name")
lines=/sys/devices/platform/$(cat "$board/dev_name")/$chip
chmod 660 "/dev/$chip"

# show NAME COMMAND…: prints a recording of a program that ends by itself.
show() {
  name=$1
  shift
  "$@" > /tmp/out 2>&1
  print "$name" "$*"
}

print() {
  echo "=== $1"
  echo "\$ $2"
  cat /tmp/out
  echo "=== end"
}

set_line() { echo "pull-$1" > "$lines/sim_gpio3/pull"; }

# watch NAME CHANGES COMMAND…: prints what the program prints while the line changes.
watch() {
  name=$1 changes=$2
  shift 2
  set_line down
  "$@" > /tmp/out 2>&1 &
  program=$!
  sleep 2
  for change in $changes; do
    case $change in
      bounce) for _ in 1 2 3 4 5; do set_line up; set_line down; done ;;
      *) set_line "$change"; sleep 1 ;;
    esac
  done
  # The output must be there while the program runs.
  cp /tmp/out /tmp/copy
  kill "$program"
  wait "$program" 2> /dev/null
  cp /tmp/copy /tmp/out
  print "$name" "$*"
}

show version gpiomon --version
show gpiodetect gpiodetect
show gpioinfo gpioinfo
if [ "$version" = v1 ]; then
  watch both "up down up" gpiomon --line-buffered "--format=%e %s.%n" "$chip" 3
  watch rising "up down up down" gpiomon --line-buffered --rising-edge "--format=%e %s.%n" "$chip" 3
  watch pull-up "down up" gpiomon --line-buffered --falling-edge --bias=pull-up "--format=%e %s.%n" "$chip" 3
  watch bounce "bounce up" gpiomon --line-buffered "--format=%e %s.%n" "$chip" 3
  show missing-line gpiomon --line-buffered "--format=%e %s.%n" "$chip" 42
  show missing-chip gpiomon --line-buffered "--format=%e %s.%n" gpiochip9 3
  show denied chroot --userspec=65534:65534 / gpiomon --line-buffered "--format=%e %s.%n" "$chip" 3
  gpiomon --line-buffered "$chip" 3 > /dev/null &
  sleep 1
  show busy gpiomon --line-buffered "--format=%e %s.%n" "$chip" 3
else
  watch both "up down up" gpiomon --edges=both --event-clock=realtime "--format=%E %S" --chip=gpiochip0 -- 3
  watch by-name "up down up" gpiomon --edges=both --event-clock=realtime "--format=%E %S" --by-name -- BUTTON
  watch rising "up down up down" gpiomon --edges=rising --event-clock=realtime "--format=%E %S" --chip=gpiochip0 --by-name -- BUTTON
  watch pull-up "down up" gpiomon --edges=falling --bias=pull-up --event-clock=realtime "--format=%E %S" --chip=gpiochip0 -- 3
  watch debounce "bounce up" gpiomon --edges=both --debounce-period=300000us --event-clock=realtime "--format=%E %S" --chip=gpiochip0 -- 3
  show missing-line gpiomon --edges=both --event-clock=realtime "--format=%E %S" --chip=gpiochip0 -- 42
  show missing-name gpiomon --edges=both --event-clock=realtime "--format=%E %S" --by-name -- NOTHING
  show missing-chip gpiomon --edges=both --event-clock=realtime "--format=%E %S" --chip=gpiochip9 -- 3
  show denied chroot --userspec=65534:65534 / gpiomon --edges=both --event-clock=realtime "--format=%E %S" --chip=gpiochip0 -- 3
  gpiomon --chip=gpiochip0 3 > /dev/null &
  sleep 1
  show busy gpiomon --edges=both --event-clock=realtime "--format=%E %S" --chip=gpiochip0 -- 3
fi
exit 0
