import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../../../scripts/any-text.js";
import { LocalMachine, type ProcessMemory, readProcessMemory } from "../../src/index.js";
import { type FixtureFile, FixtureMachine } from "../../src/testing/index.js";

const KB = 1024;
const status = "Name:\tnode\nState:\tS (sleeping)\nPid:\t7\nVmRSS:\t    1000 kB\n";
const parts = "RssAnon:\t     600 kB\nRssFile:\t     300 kB\nRssShmem:\t     100 kB\nVmSwap:\t       0 kB\n";
const rollup = "5604cef1f000-7ffe017e1000 ---p 00000000 00:00 0    [rollup]\nRss:     1000 kB\nPss:      750 kB\n";
const locked = { errno: "EACCES" };

const read = (files: Record<string, FixtureFile>, options = {}) =>
  readProcessMemory(new FixtureMachine({ files }), 7, options);
const kib = (anonymous: number, file: number, shared: number, proportional: number | null): ProcessMemory => ({
  anonymous_bytes: anonymous * KB,
  file_bytes: file * KB,
  shared_bytes: shared * KB,
  proportional_bytes: proportional === null ? null : proportional * KB,
});

describe("readProcessMemory", () => {
  it.each<[of: string, files: Record<string, FixtureFile>, expected: ProcessMemory | null]>([
    [
      "all figures of a current kernel",
      { "/proc/7/status": status + parts, "/proc/7/smaps_rollup": rollup },
      kib(600, 300, 100, 750),
    ],
    [
      "no share without read permission",
      { "/proc/7/status": status + parts, "/proc/7/smaps_rollup": locked },
      kib(600, 300, 100, null),
    ],
    [
      "the parts from statm, before Linux 4.5, for any page size",
      { "/proc/7/status": status, "/proc/7/statm": "5000 62 25 1 0 40 0\n", "/proc/7/smaps_rollup": locked },
      { ...kib(0, 0, 0, null), anonymous_bytes: 1_024_000 - 412_903, file_bytes: 412_903 },
    ],
    ["everything as private if the parts are unknown", { "/proc/7/status": status }, kib(1000, 0, 0, null)],
    ["garbage in statm", { "/proc/7/status": status, "/proc/7/statm": "1 0 -5" }, kib(1000, 0, 0, null)],
    ["more shared than resident", { "/proc/7/status": status, "/proc/7/statm": "9 2 7" }, kib(0, 1000, 0, null)],
    ["nothing for a missing process", {}, null],
    ["nothing for a zombie process", { "/proc/7/status": "Name:\tnode\nState:\tZ (zombie)\n" }, null],
    ["nothing for a hidden process", { "/proc/7/status": locked, "/proc/7/smaps_rollup": locked }, null],
    ["nothing for garbage", { "/proc/7/status": `VmRSS:\t${"9".repeat(40)} kB\n` }, null],
  ])("reads %s", async (_, files, expected) => {
    expect(await read(files)).toEqual(expected);
  });

  it("leaves out the costly share on request", async () => {
    const files = { "/proc/7/status": status + parts, "/proc/7/smaps_rollup": rollup };
    expect(await read(files, { proportional: false })).toEqual(kib(600, 300, 100, null));
  });

  it("reads only on Linux, and only for a process id", async () => {
    const files = { "/proc/7/status": status + parts, "/proc/-1/status": status + parts, "/proc/0/status": status };
    for (const pid of [0, -1, 1.5, Number.NaN]) {
      expect(await readProcessMemory(new FixtureMachine({ files }), pid)).toBeNull();
    }
    expect(await readProcessMemory(new FixtureMachine({ files, platform: "darwin" }), 7)).toBeNull();
    expect(await readProcessMemory(new FixtureMachine({ files, platform: "android" }), 7)).not.toBeNull();
  });

  it("returns plausible figures or null for any files", async () => {
    const text = fc.oneof(
      anyText(),
      fc
        .array(fc.tuple(fc.constantFrom("VmRSS:", "RssAnon:", "RssFile:", "RssShmem:", "Pss:", ""), fc.bigInt()))
        .map((lines) => lines.map(([name, figure]) => `${name} ${figure} kB\n`).join("")),
      fc.array(fc.bigInt()).map((figures) => figures.join(" ")),
      fc.constant(locked),
    );
    const files = fc.dictionary(fc.constantFrom("/proc/7/status", "/proc/7/statm", "/proc/7/smaps_rollup"), text);
    await fc.assert(
      fc.asyncProperty(files, async (files) => {
        for (const figure of Object.values((await read(files)) ?? {})) {
          expect(figure === null || (Number.isSafeInteger(figure) && figure >= 0)).toBe(true);
        }
      }),
    );
  });
});

describe.skipIf(process.platform !== "linux")("a process on this machine", () => {
  /** Prints a line when it runs, allocates 64 MB on request, and prints a line again. */
  const program = `
    process.stdin.on("data", () => { globalThis.taken = Buffer.alloc(64 * 2 ** 20, 1); console.log("taken"); });
    console.log("running");`;

  it("has the memory that the kernel reports, more after an allocation, and none after its end", async () => {
    const machine = new LocalMachine();
    const child = spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "inherit"] });
    const pid = child.pid ?? 0;
    const ended = once(child, "close");

    await once(child.stdout, "data");
    const before = await readProcessMemory(machine, pid);
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    if (before === null) throw new Error("the process has no memory");
    const sum = before.anonymous_bytes + before.file_bytes + before.shared_bytes;
    const resident = Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1]) * KB;
    expect(Math.abs(sum - resident)).toBeLessThan(0.2 * resident);
    expect(before.anonymous_bytes).toBeGreaterThan(0);
    expect(before.file_bytes).toBeGreaterThan(0);
    // Kernels before 4.14 do not report it.
    if (before.proportional_bytes !== null) expect(before.proportional_bytes).toBeLessThan(sum * 1.2);

    child.stdin.write("take");
    await once(child.stdout, "data");
    const after = await readProcessMemory(machine, pid, { proportional: false });
    const grown = (after?.anonymous_bytes ?? 0) - before.anonymous_bytes;
    expect(grown).toBeGreaterThan(56 * 2 ** 20);
    expect(grown).toBeLessThan(96 * 2 ** 20);
    expect(after?.proportional_bytes).toBeNull();

    child.kill("SIGKILL");
    await ended;
    expect(await readProcessMemory(machine, pid)).toBeNull();
  });
});
