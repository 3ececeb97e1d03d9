import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

export type Version = "v1" | "v2";

/** A recording of scripts/systems/gpio-vm.sh: the command, and what the real program printed. */
export async function readRecording(version: Version, name: string): Promise<{ command: string; output: string }> {
  const text = await readFile(new URL(`recordings/${version}/${name}.txt`, import.meta.url), "utf8");
  const end = text.indexOf("\n");
  return { command: text.slice(2, end), output: text.slice(end + 1) };
}

export interface FakePrograms {
  /** Folder of the programs. */
  readonly searchPath: string;
  /** Command lines of gpiomon so far, without `--version`. */
  commands(): Promise<string[]>;
  remove(): Promise<void>;
}

/**
 * Puts programs into a folder that print the recordings of a version: gpiomon prints that of `name` and stays, or ends
 * with code 1 for a name of a failure.
 */
export async function fakePrograms(version: Version, name: string, isFailure = false): Promise<FakePrograms> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-gpio-"));
  const write = async (program: string, script: string) => {
    await writeFile(path.join(folder, program), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(folder, program), 0o755);
  };
  const show = async (recording: string) => {
    const file = path.join(folder, `${recording}.txt`);
    await writeFile(file, (await readRecording(version, recording)).output);
    return `/bin/cat ${file}`;
  };
  const log = path.join(folder, "commands");
  await writeFile(log, "");
  const end = isFailure ? `${await show(name)} >&2; exit 1` : `${await show(name)}; exec /bin/sleep 600`;
  await write("gpiomon", `[ "$1" = --version ] && exec ${await show("version")}\necho "gpiomon $*" >> ${log}\n${end}`);
  await write("gpiodetect", `exec ${await show("gpiodetect")}`);
  await write("gpioinfo", `exec ${await show("gpioinfo")}`);
  return {
    searchPath: folder,
    commands: async () => (await readFile(log, "utf8")).split("\n").filter(Boolean),
    remove: () => rm(folder, { recursive: true }),
  };
}
