import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { EdgeDevice, type Fact } from "@nanoagent/models";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anyText } from "../../../../scripts/any-text.js";
import { DeviceProfiler, LocalMachine, type Machine, MachineReadError } from "../../src/index.js";
import { type FixtureFile, FixtureMachine } from "../../src/testing/index.js";
import { armBoards } from "../boards/arm-boards.js";
import { containers } from "../boards/containers.js";
import { personalComputers } from "../boards/personal-computers.js";
import { raspberryPis } from "../boards/raspberry-pis.js";

const boards = [...raspberryPis, ...armBoards, ...personalComputers, ...containers];
const detailsOf = async (machine: Machine) =>
  (await new DeviceProfiler({ machine }).profileInDetail({ dataPath: "/data" })).details;
const isSound = async (machine: Machine) => {
  const device = await new DeviceProfiler({ machine }).profileInDetail({ dataPath: "/data" });
  EdgeDevice.parse(JSON.parse(JSON.stringify(device)));
};

const nonsense = fc.oneof(
  fc.constantFrom(
    "",
    "\0",
    "\n",
    "max",
    "-1",
    "-9223372036854775808",
    "18446744073709551616",
    "1e999",
    "NaN",
    "0x",
    "0",
  ),
  fc.constantFrom("9999999999999999999", "0-99999", "0-4095,0-4095", "5-1", "1,,2", "[N/A]", "no such thing"),
  anyText({ maxLength: 300 }),
  fc.string({ unit: fc.constantFrom("0", "9", "-", ",", " ", "\n", ":", "\t", "a", "f", "x", "."), maxLength: 60 }),
  fc.constant("0123456789abcdef\n".repeat(5_000)),
);
const errno = fc.constantFrom("EACCES", "EINVAL", "EIO", "ENODATA", "EAGAIN", "ENOENT", "EOPNOTSUPP", "ELOOP");
const file = fc.oneof<fc.Arbitrary<FixtureFile>[]>(
  nonsense,
  errno.map((name) => ({ errno: name })),
);

describe("a machine with invalid files", () => {
  it("has only details that match the schema", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...boards), fc.infiniteStream(fc.option(file)), async ({ machine }, stream) => {
        const files: Record<string, FixtureFile> = {};
        for (const [name, good] of Object.entries(machine.files ?? {})) files[name] = stream.next().value ?? good;
        await isSound(new FixtureMachine({ ...machine, files }));
      }),
      { numRuns: 300 },
    );
  });

  it("loses at most one fact for one invalid file", async () => {
    const rootOf = raspberryPis[3]?.machine ?? {};
    const machine = new FixtureMachine({
      ...rootOf,
      files: { ...rootOf.files, "/sys/class/thermal": { errno: "EIO" } },
    });
    const details = await detailsOf(machine);
    expect(details.thermal.temperature_celsius).toHaveProperty("error");
    expect(details.board.soc).toMatchObject({ value: "Broadcom BCM2712" });
  });

  it("has no details if nothing can be read", async () => {
    const details = await detailsOf(new FixtureMachine());
    const rooms: [string, Record<string, Fact<unknown>>][] = Object.entries(details);
    const known = rooms.flatMap(([room, facts]) =>
      Object.entries(facts)
        .filter(([, fact]) => "value" in fact && fact.confidence === "certain")
        .map(([name]) => `${room}.${name}`),
    );
    expect(known).toEqual(["memory.limit_bytes", "storage.path"]);
  });
});

/** A machine on which reads of some files never end. */
class HangingMachine extends FixtureMachine {
  asked = 0;
  readonly #hangs: (path: string) => boolean;

  constructor(contents: ConstructorParameters<typeof FixtureMachine>[0], hangs: (path: string) => boolean) {
    super(contents);
    this.#hangs = hangs;
  }

  override readText(name: string, maxBytes?: number): Promise<string> {
    if (!this.#hangs(name)) return super.readText(name, maxBytes);
    this.asked++;
    return new Promise(() => {});
  }
}

describe("hanging files", () => {
  it("make only their facts unknown", async () => {
    const machine = new HangingMachine(raspberryPis[3]?.machine, (name) => name.endsWith("/temp"));
    const details = await detailsOf(machine);
    expect(details.thermal.temperature_celsius).toHaveProperty("error");
    expect(details.power.is_undervolted).toMatchObject({ value: false });
    expect(details.cpu.usable_cores).toMatchObject({ value: 4 });
  });

  it("stop further reads after a few of them", async () => {
    const machine = new HangingMachine(raspberryPis[3]?.machine, () => true);
    await isSound(machine);
    expect(machine.asked).toBeLessThan(20);
  });
});

describe.skipIf(process.platform === "win32")("real files", () => {
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-hostile-"));
    execFileSync("mkfifo", [path.join(folder, "fifo")]);
    symlinkSync("loop", path.join(folder, "loop"));
    writeFileSync(path.join(folder, "huge"), Buffer.alloc(8 * 2 ** 20, "7"));
    writeFileSync(path.join(folder, "binary"), Buffer.from([0, 255, 254, 128, 10]));
    mkdirSync(path.join(folder, "folder"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Returns the real machine with all files replaced by one of these. */
  function replaced(name: string): Machine {
    const local = new LocalMachine();
    return {
      platform: "linux",
      machineType: "aarch64",
      environment: {},
      totalMemoryBytes: 0,
      availableMemoryBytes: 0,
      cpuCount: 1,
      readText: (_, maxBytes) => local.readText(path.join(folder, name), maxBytes),
      listDirectory: () => local.listDirectory(path.join(folder, name)),
      readFreeBytes: () => local.readFreeBytes(path.join(folder, name)),
      runTool: (tool, args) => local.runTool(tool, args),
      exists: () => local.exists(path.join(folder, name)),
      mayOpen: () => local.mayOpen(path.join(folder, name)),
    };
  }

  it.each(["fifo", "loop", "huge", "binary", "folder", "absent"])("%s instead of each file", async (name) => {
    await isSound(replaced(name));
  });

  it("are read up to a limit", async () => {
    expect(await new LocalMachine().readText(path.join(folder, "huge"), 1000)).toHaveLength(1000);
    await expect(new LocalMachine().readText(path.join(folder, "fifo"))).rejects.toBeInstanceOf(MachineReadError);
  });
});
