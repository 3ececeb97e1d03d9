# shellcheck shell=bash disable=SC2154 # settings.sh sets $version, $newer and $nvm.
# Runs inside the machine of service-vm.sh, as root, at every boot: one phase a boot. Prints a line for each step:
# "ok N - text" or "not ok N - text", with the output of what failed.
. /root/settings.sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
phase=$(cat /root/phase 2> /dev/null || echo 1)
count=$(cat /root/count 2> /dev/null || echo 0)
address=http://127.0.0.1:7420
said=/root/said.txt

# step TEXT COMMAND…: runs the command and prints whether it succeeded.
step() {
  local text=$1 status=0
  shift
  "$@" > "$said" 2>&1 || status=$?
  count=$((count + 1))
  echo "$count" > /root/count
  if [ "$status" = 0 ]; then
    echo "ok $count - $text"
  else
    echo "not ok $count - $text (exit code $status)"
    shown 30
  fi
}

# shown: prints what the last step printed, for the log.
shown() { awk '{ print "#   " $0 }' "$said" | tail -n "${1:-12}"; }

# pi COMMAND: runs it as the user pi, in a new login shell.
pi() { su --login pi --command "$1"; }

# exits CODE TEXT COMMAND…: succeeds if the command ends with this exit code and prints the text.
exits() {
  local wanted=$1 text=$2 status=0 output
  shift 2
  output=$("$@" 2>&1) || status=$?
  echo "$output"
  [ "$status" = "$wanted" ] && grep -qF -- "$text" <<< "$output"
}

# until_ok SECONDS COMMAND…: repeats the command until it succeeds.
until_ok() {
  local end=$((SECONDS + $1))
  shift
  while ! "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 1
  done
}

healthy() { curl --silent --fail --max-time 10 "$address/health" | grep -F '"status":"ok"'; }
# says CLIENT MESSAGE TEXT: sends a message in the client's conversation; the reply must have the text.
says() {
  curl --silent --max-time 60 "$address/v1/chat/completions" --header "x-conversation-id: $1" \
    --json "{\"model\": \"$agent\", \"messages\": [{\"role\": \"user\", \"content\": \"$2\"}]}" | tee /dev/stderr | grep -F "$3"
}
agent=agent
main_pid() { systemctl show --property=MainPID --value nanoagent; }
has_new_pid() { local now; now=$(main_pid); [ "$now" != 0 ] && [ "$now" != "$1" ] && healthy; }
property() { [ "$(systemctl show --property="$1" --value nanoagent)" = "$2" ] || { systemctl status nanoagent --no-pager; false; }; }

# nothing_left NAME…: succeeds if no file of the service is left. The arguments are paths that may be there.
nothing_left() {
  local found
  found=$(find / -xdev \( -path /proc -o -path /sys -o -path /opt/tarballs -o -path /var/log/journal \) -prune -o -iname '*nanoagent*' -print |
    grep -vxFf <(printf '%s\n' /etc/hostname "$@") | grep -vE "^(/home/pi/\.nvm|/usr/local)/.*@nanoagent|/bin/nanoagent$|/\.nanoagent(/|$)" || true)
  echo "$found"
  [ -z "$found" ] && ! systemctl list-unit-files --no-pager | grep -i nanoagent
}

next_phase() {
  echo "$1" > /root/phase
  sync
  echo "# rebooting for phase $1, after $SECONDS s"
  systemctl reboot
  exit 0
}

phase_1() {
  echo "# $(systemctl --version | head -n 1), Node $(node --version), $(uname -r)"
  step "npm installs the program for the system" pi "sudo npm install --global --offline --no-audit --no-fund /opt/tarballs/nanoagent-cli-$version.tgz"
  step "without root, install names the command that works" exits 1 "Run: sudo nanoagent service install" pi 'mkdir agent && cd agent && nanoagent service install'
  shown
  step "the README's steps, as they are typed" pi 'cd agent && bash -e' < /root/readme-steps.sh
  shown 40
  step "it answers its health" healthy
  step "it answers a message" says house "note that the key is under the mat" "Noted: the key is under the mat"
  step "a tool runs within the hardening" says clock "what time is it" "It is "
  step "status says that it runs" exits 0 "nanoagent.service: running" pi 'nanoagent service status'
  shown
  step "it runs as the owner of the config" property User pi
  step "the unit is enabled" property UnitFileState enabled
  step "its memory is limited to the budget of the config" property MemoryMax $(($(sed -n 's/^ *max_memory_mb: \([0-9]*\).*/\1/p' /home/pi/agent/agent.yaml) * 1048576))
  step "the exposure is at most 3.0" bash -c 'systemd-analyze security --no-pager nanoagent | tail -n 1 | tee /dev/stderr | grep -E "level for nanoagent.service: [0-2]\.[0-9]"'
  shown 1
  step "logs shows lines for people" exits 0 "turn-end" pi 'sudo nanoagent service logs --lines 20'
  shown 6
  step "status asks the service of the system by its socket" exits 0 "agent: $address" pi 'XDG_RUNTIME_DIR=/run/nanoagent nanoagent status'
  step "a reload keeps it running" bash -c 'systemctl reload nanoagent && systemctl is-active nanoagent'
  step "and it answers again" until_ok 60 healthy
  step "systemd knows its address after the reload" until_ok 60 bash -c 'systemctl show --property=StatusText nanoagent | tee /dev/stderr | grep -F "Listening on http://127.0.0.1:7420"'

  local before
  before=$(main_pid)
  step "kill -9: systemd starts it again" bash -c "kill -9 $before"
  step "and it answers again" until_ok 120 has_new_pid "$before"
  step "the conversation continues" says house "note that the lamp is on" "Noted: the lamp is on"
  step "both turns are in one folder" bash -c "grep -lF 'under the mat' -r /var/lib/nanoagent --include='journal-*.jsonl' | xargs grep -F 'the lamp is on'"

  mkdir -p /etc/systemd/system/nanoagent.service.d
  printf '[Service]\nWatchdogSec=30\n' > /etc/systemd/system/nanoagent.service.d/watchdog.conf
  step "a change by systemctl edit counts" bash -c 'systemctl daemon-reload && systemctl restart nanoagent'
  before=$(main_pid)
  sleep 50
  step "the watchdog leaves a healthy service alone" bash -c "[ \$(systemctl show --property=MainPID --value nanoagent) = $before ]"
  step "a hang (SIGSTOP)" kill -STOP "$before"
  step "is ended by the watchdog, and it answers again" until_ok 120 has_new_pid "$before"
  step "the log says so" bash -c "journalctl --unit nanoagent --no-pager | grep -i watchdog"
  shown 2
  rm -r /etc/systemd/system/nanoagent.service.d
  systemctl daemon-reload
  next_phase 2
}

# A local model within the hardening of the unit, and its process after kill -9. In the emulator a token takes many
# seconds, so a reply is only a few tokens.
local_model() {
  mv /root/model.gguf /etc/nanoagent/model.gguf
  chmod 644 /etc/nanoagent/model.gguf
  cat > /etc/nanoagent/agent.yaml << 'CONFIG'
spec: { name: shed, max_memory_mb: 400 }
model_path: model.gguf
engine: { context: 512 }
sampling: { temperature: 0, max_tokens: 3 }
session: { dir: "${STATE_DIRECTORY:-state}" }
serve: { ask_seconds: 30 }
CONFIG
  step "npm installs llama.cpp" pi "sudo npm install --global --offline --no-audit --no-fund /opt/tarballs/llama.tgz"
  step "install with a local model" exits 0 "It was restarted" sudo -u pi sudo nanoagent service install --config /etc/nanoagent/agent.yaml
  shown
  step "the model answers within the hardening" bash -c "curl --silent --max-time 900 $address/v1/chat/completions --json '{\"model\": \"shed\", \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}' | tee /dev/stderr | grep '\"completion_tokens\":[1-9]'"
  shown
  step "its process is killed" bash -c 'kill -9 $(pgrep --parent "$(systemctl show --property=MainPID --value nanoagent)" --full host-program)'
  step "and the next message is answered, too" bash -c "curl --silent --max-time 900 $address/v1/chat/completions --json '{\"model\": \"shed\", \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}' | tee /dev/stderr | grep '\"completion_tokens\":[1-9]'"
  shown
  journalctl --unit nanoagent --no-pager --lines 12 --output cat | awk '{ print "#   " $0 }'
  step "status shows its memory" exits 0 "of 400 MB" nanoagent service status
  shown
}

phase_2() {
  step "after a boot it answers by itself" until_ok 180 healthy
  step "with the state of before" says house "note that it has booted" "Noted: it has booted"
  step "in the same conversation" bash -c "grep -lF 'under the mat' -r /var/lib/nanoagent --include='journal-*.jsonl' | xargs grep -F 'it has booted'"

  local before
  before=$(main_pid)
  cp -p /home/pi/agent/agent.yaml /home/pi/agent.good
  sed -i 's/^spec:/spec: [/' /home/pi/agent/agent.yaml
  step "install refuses a config that is not YAML" exits 2 "agent.yaml has 4 errors" pi 'cd agent && sudo nanoagent service install'
  sed 's/command: \[node/command: [no-such-program/' /home/pi/agent.good > /home/pi/agent/wrong.yaml
  step "install refuses a config with errors, as check does" exits 2 "was not installed, because its config has errors" pi 'cd agent && sudo nanoagent service install --config wrong.yaml'
  shown
  rm /home/pi/agent/wrong.yaml
  step "and the service goes on" bash -c "[ \$(systemctl show --property=MainPID --value nanoagent) = $before ]"
  step "a restart with a wrong config fails" bash -c '! timeout 120 systemctl restart nanoagent'
  sleep 12
  step "with exit code 2 it stays stopped" property ActiveState failed
  step "and is not started again" property NRestarts 0
  step "status says why" exits 1 "exit code 2, the config, a key or a certificate is wrong" pi 'sudo nanoagent service status'
  shown 20
  cp -p /home/pi/agent.good /home/pi/agent/agent.yaml
  step "mended, it starts" systemctl start nanoagent
  step "and answers" healthy

  sed -i 's/max_memory_mb: [0-9]*/max_memory_mb: 300/' /home/pi/agent/agent.yaml
  step "status notes that the unit has other memory than the config" exits 0 "the config 300" pi 'nanoagent service status'
  step "a second install updates the unit" exits 0 "It was restarted" pi 'cd agent && sudo nanoagent service install'
  step "and the limit" property MemoryMax $((300 * 1048576))
  before=$(main_pid)
  step "a third one changes nothing" exits 0 "It runs already" pi 'cd agent && sudo nanoagent service install'
  step "and leaves the process alone" bash -c "[ \$(systemctl show --property=MainPID --value nanoagent) = $before ]"

  step "npm installs a newer version" pi "sudo npm install --global --offline --no-audit --no-fund /opt/tarballs/nanoagent-cli-$newer.tgz"
  step "install restarts the service for it" exits 0 "It was restarted" pi 'cd agent && sudo nanoagent service install'
  step "the newer version answers" bash -c "curl --silent $address/api/version | tee /dev/stderr | grep -F $newer"
  step "and reads the state of the older one" says house "note that it is new" "Noted: it is new"
  step "in the same conversation as before the upgrade" bash -c "grep -lF 'under the mat' -r /var/lib/nanoagent --include='journal-*.jsonl' | xargs grep -F 'it is new'"

  step "uninstall keeps the conversations and says where" exits 0 "Conversations and keys are still in /var/lib/nanoagent" pi 'sudo nanoagent service uninstall'
  shown
  step "and they are there" test -d /var/lib/nanoagent
  step "a second uninstall is not an error" exits 0 "is not installed" pi 'sudo nanoagent service uninstall'
  step "status says that it is not installed" exits 1 "is not installed" pi 'nanoagent service status'
  step "install again, with --no-start" exits 0 "It starts at the next boot" pi 'cd agent && sudo nanoagent service install --no-start'
  step "leaves it stopped" property ActiveState inactive
  step "it starts" systemctl start nanoagent
  step "and knows its conversation" says house "note that it is back" "Noted: it is back"
  step "uninstall --purge" exits 0 "The service is stopped" pi 'sudo nanoagent service uninstall --purge'
  step "leaves nothing" nothing_left

  mkdir -p /etc/nanoagent
  sed 's/^  name: .*/  name: shed/' /home/pi/agent.good > /etc/nanoagent/agent.yaml
  printf 'GARDEN_KEY=secret\n' > /etc/nanoagent/nanoagent.env
  chmod 600 /etc/nanoagent/nanoagent.env
  step "a config that everyone can read: a user of its own" exits 0 "It runs as a user of its own" sudo -u pi sudo nanoagent service install --config /etc/nanoagent/agent.yaml
  shown
  agent=shed
  step "it answers" says barn "note that it is private" "Noted: it is private"
  step "logs says that lines of other users are for root" exits 0 "For all, run: sudo nanoagent service logs" pi 'nanoagent service logs'
  step "status --json is one object" bash -c 'nanoagent service status --json | tee /dev/stderr | node -e "const { state, health, url } = JSON.parse(fs.readFileSync(0)); process.exit(state === \"active\" && health.status === \"ok\" && url ? 0 : 1)"'
  step "its state is closed to others" bash -c '! su pi -s /bin/bash -c "ls /var/lib/nanoagent/"'
  step "it has the variables of its file" bash -c 'tr "\0" "\n" < /proc/$(systemctl show --property=MainPID --value nanoagent)/environ | grep -x GARDEN_KEY=secret'
  [ ! -f /root/model.gguf ] || local_model
  step "uninstall --purge" sudo -u pi sudo nanoagent service uninstall --purge
  step "leaves the config alone" nothing_left /etc/nanoagent /etc/nanoagent/nanoagent.env
  rm -r /etc/nanoagent

  step "npm removes the program" pi "sudo npm uninstall --global @nanoagent/cli"
  # From here on, Node is the one of a version manager.
  rm -rf /usr/local/bin/node /usr/local/bin/npm /usr/local/lib/node_modules
  echo "export PATH=$nvm/bin:\$PATH" >> /home/pi/.profile
  step "npm of a version manager installs the program" pi "npm install --global --offline --no-audit --no-fund /opt/tarballs/nanoagent-cli-$version.tgz"
  step "without root, install names the paths" exits 1 "Run: sudo $nvm/bin/node $nvm/bin/nanoagent service install" pi 'cd agent && nanoagent service install'
  step "the README's steps, with Node of a version manager" pi 'cd agent && rm agent.yaml && rm -rf .nanoagent && bash -e' < /root/readme-steps.sh
  shown 20
  agent=agent
  step "it answers" says house "note that it is from nvm" "Noted: it is from nvm"
  step "a tool finds Node" says clock "what time is it" "It is "
  step "uninstall --purge with the words that install printed" pi "sudo $nvm/bin/node $nvm/bin/nanoagent service uninstall --purge"
  step "leaves nothing" nothing_left

  step "root is refused with --user" exits 1 "Run it without sudo" pi "sudo $nvm/bin/node $nvm/bin/nanoagent service install --user"
  step "install --user, without root" pi 'cd agent && nanoagent service install --user'
  shown 20
  step "lingers from now on" bash -c 'loginctl show-user pi --property=Linger | grep yes'
  step "it answers" says house "note that it is mine" "Noted: it is mine"
  step "status --user" exits 0 "nanoagent.service: running" pi 'nanoagent service status --user'
  shown
  step "nanoagent status finds it, too" exits 0 "agent: $address" pi 'nanoagent status'
  step "logs --user needs no root" exits 0 "turn-end" pi 'nanoagent service logs --user --lines 5'
  step "its exposure" bash -c 'su --login pi --command "systemd-analyze --user security --no-pager nanoagent" | tail -n 1'
  shown 1
  next_phase 3
}

phase_3() {
  agent=agent
  step "nobody is logged in" bash -c '[ -z "$(who)" ]'
  step "the service of the user answers after a boot" until_ok 240 healthy
  step "with its state" says house "note that it has booted" "Noted: it has booted"
  step "in the same conversation" bash -c "grep -lF 'it is mine' -r /home/pi/.local/state/nanoagent --include='journal-*.jsonl' | xargs grep -F 'it has booted'"
  local before
  before=$(pgrep --full 'main.js serve' || pgrep --full 'nanoagent.* serve')
  step "kill -9 of it" kill -9 "$before"
  step "systemd of the user starts it again" until_ok 120 healthy
  step "uninstall --user --purge" exits 0 "The service is stopped" pi 'nanoagent service uninstall --user --purge'
  shown
  step "does not linger any more" bash -c '! ls /var/lib/systemd/linger/pi'
  step "nothing answers" bash -c '! curl --silent --max-time 5 http://127.0.0.1:7420/health'
  step "npm removes the program" pi "npm uninstall --global @nanoagent/cli"
  rm -rf /home/pi/agent /home/pi/agent.good /home/pi/.cache/nanoagent
  step "leaves nothing" nothing_left
  echo vm-end
  systemctl poweroff
}

sleep 2
"phase_$phase"
