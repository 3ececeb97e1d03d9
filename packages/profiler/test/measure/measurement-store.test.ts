import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import type { DeviceMeasurement } from "@nanoagent/models";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { measurementPath, readDeviceMeasurement, writeDeviceMeasurement } from "../../src/measure/measurement-store.js";

const isRoot = process.getuid?.() === 0;
const DAY = 86_400_000;
const calibration = {
  model: "m",
  type: "q4_0",
  work: {
    weights_by_type: { q4_0: 1 },
    output_weights_by_type: {},
    layer_count: 1,
    attention: [],
    state_numbers: 0,
  },
  threads: 2,
  context_tokens: 16,
  prefill_tokens_per_second: 9,
  decode_tokens_per_second: 3,
};
const row = { threads: 1, per_second: 1e10, spread: 0.01 };

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-measurement-"));
  file = path.join(folder, "state/nanoagent/device-measurement.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Returns the measurement without its checksum, which is optional. */
const stored = () => {
  const { crc32: _, ...rest } = JSON.parse(readFileSync(file, "utf8"));
  return rest as DeviceMeasurement;
};
const putIn = (content: string | Uint8Array) => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
};

describe("measurementPath", () => {
  it.each([
    [{ XDG_STATE_HOME: "/state", HOME: "/home/me" }, "linux", "/state/nanoagent/device-measurement.json"],
    [{ HOME: "/home/me" }, "linux", "/home/me/.local/state/nanoagent/device-measurement.json"],
    [{ XDG_STATE_HOME: "here", HOME: "/home/me" }, "linux", "/home/me/.local/state/nanoagent/device-measurement.json"],
    [{ LOCALAPPDATA: "C:\\App" }, "win32", "C:\\App/nanoagent/device-measurement.json"],
    [{}, "linux", `${os.homedir()}/.local/state/nanoagent/device-measurement.json`],
  ])("of %j on %s is %s", (environment, platform, expected) => {
    expect(measurementPath({ environment, platform })).toBe(expected);
  });
});

describe("a saved measurement", () => {
  it.each([
    ["from 1970, read with a correct clock", 60_000, Date.parse("2027-01-01")],
    ["from a correct clock, read in 1970", Date.parse("2027-01-01"), 60_000],
    ["from 1970, read in 1970", 60_000, 120_000],
  ])("%s, is not stale", async (_, measuredAt, now) => {
    await writeDeviceMeasurement({ bandwidth: [row] }, { path: file, now: measuredAt });
    expect((await readDeviceMeasurement({ path: file, now })).stale).toBeNull();
  });

  it("is read back unchanged, and readable only by its owner", async () => {
    const { measurement } = await writeDeviceMeasurement({ bandwidth: [row], contention: 0.25 }, { path: file });
    expect(await readDeviceMeasurement({ path: file })).toEqual({
      path: file,
      measurement,
      ignored: null,
      stale: null,
    });
    expect(measurement).toMatchObject({ bandwidth: [row], contention: 0.25, dot_products: [], calibrations: [] });
    expect(measurement.device.cpu_cores).toBe(os.availableParallelism());
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.dirname(file))).toEqual(["device-measurement.json"]);
  });

  it("is null if nothing was measured", async () => {
    expect(await readDeviceMeasurement({ path: file })).toEqual({
      path: file,
      measurement: null,
      ignored: null,
      stale: null,
    });
  });

  it("keeps other parts, and replaces the given ones", async () => {
    await writeDeviceMeasurement({ calibrations: [calibration], engine_version: "9" }, { path: file, now: 1000 });
    const { replaced } = await writeDeviceMeasurement({ bandwidth: [row] }, { path: file, now: DAY });
    expect(replaced).toBeNull();
    await writeDeviceMeasurement({ bandwidth: [] }, { path: file, now: DAY });
    expect(stored()).toMatchObject({
      calibrations: [calibration],
      engine_version: "9",
      bandwidth: [],
      measured_at: "1970-01-02T00:00:00.000Z",
    });
  });

  it("is read with the thread trials of earlier versions, and written without them", async () => {
    await writeDeviceMeasurement({ bandwidth: [row] }, { path: file });
    const trials = [{ model: "m", threads: 2, prefill_tokens_per_second: 9, decode_tokens_per_second: 3 }];
    putIn(JSON.stringify({ ...stored(), thread_trials: trials }));
    expect(await readDeviceMeasurement({ path: file })).toMatchObject({
      measurement: { bandwidth: [row] },
      ignored: null,
      stale: null,
    });
    await writeDeviceMeasurement({ contention: 0.5 }, { path: file });
    expect(stored()).toMatchObject({ bandwidth: [row], contention: 0.5 });
    expect(stored()).not.toHaveProperty("thread_trials");
  });

  it.each([
    [{ platform: "linux-riscv64" }, /^on linux-riscv64, but this is /],
    [{ cpu_model: "Z80" }, /^on Z80, but this is /],
    [{ cpu_cores: 999 }, /^on 999 cores, but this device has \d+$/],
    [{ memory_mb: 3 }, /^with 3 MB of memory, but this device has \d+ MB$/],
  ])("of a device with %j is stale and not merged with new figures", async (other, reason) => {
    await writeDeviceMeasurement({ calibrations: [calibration] }, { path: file });
    const foreign = { ...stored(), device: { ...stored().device, ...other } };
    putIn(JSON.stringify(foreign));
    expect(await readDeviceMeasurement({ path: file })).toEqual({
      path: file,
      measurement: foreign,
      ignored: null,
      stale: expect.stringMatching(reason),
    });
    const { replaced } = await writeDeviceMeasurement({ bandwidth: [row] }, { path: file });
    expect(replaced).toMatch(/^it was measured (on|with) /);
    expect(stored()).toMatchObject({ calibrations: [], bandwidth: [row] });
  });

  it("still applies if the kernel reserves slightly more RAM", async () => {
    await writeDeviceMeasurement({}, { path: file });
    const { device } = stored();
    const memory_mb = Math.round(device.memory_mb * 0.97);
    putIn(JSON.stringify({ ...stored(), device: { ...device, memory_mb } }));
    expect((await readDeviceMeasurement({ path: file })).stale).toBeNull();
  });

  it("is stale after half a year, and if it is from the future", async () => {
    const now = Date.parse("2026-06-01T00:00:00Z");
    await writeDeviceMeasurement({}, { path: file, now });
    const staleAt = async (days: number) => (await readDeviceMeasurement({ path: file, now: now + days * DAY })).stale;
    expect(await staleAt(180)).toBeNull();
    expect(await staleAt(181)).toBe("181 days ago");
    expect(await staleAt(-0.5)).toBeNull();
    expect(await staleAt(-2)).toBe("at a time in the future of this clock");
  });
});

describe("an invalid file", () => {
  const valid = async () => {
    await writeDeviceMeasurement({ bandwidth: [row] }, { path: file });
    return stored();
  };

  it.each([
    ["empty", "", /is not JSON$/],
    ["cut off", '{"format": 1, "measured_at"', /is not JSON$/],
    ["binary", Uint8Array.from({ length: 4096 }, (_, index) => (index * 37) & 255), /is not JSON$/],
    ["nested without end", "[".repeat(200_000), /is not (JSON|a measurement)/],
    ["nested deeply", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, /is not (JSON|a measurement)/],
    ["objects nested deeply", `${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`, /is not (JSON|a measurement)/],
    ["too large", " ".repeat(262_145), /is larger than 256 KB$/],
    ["a list", "[]", /is not a measurement/],
    ["null", "null", /is not a measurement/],
  ])("is ignored with the reason if it is %s, and replaced", async (_, content, reason) => {
    putIn(content);
    const read = await readDeviceMeasurement({ path: file });
    expect(read).toMatchObject({ measurement: null, stale: null, ignored: expect.stringMatching(reason) });
    const { replaced } = await writeDeviceMeasurement({ bandwidth: [row] }, { path: file });
    expect(replaced).toBe(read.ignored);
    expect(stored().bandwidth).toEqual([row]);
  });

  it("is ignored, and never replaced, if a newer version wrote it", async () => {
    putIn(JSON.stringify({ ...(await valid()), format: 2, crc32: "of another kind" }));
    const before = readFileSync(file, "utf8");
    expect((await readDeviceMeasurement({ path: file })).ignored).toContain("a newer version of nanoagent wrote");
    await expect(writeDeviceMeasurement({ bandwidth: [row] }, { path: file })).rejects.toMatchObject({
      code: "measurement",
      hint: expect.stringContaining("Update nanoagent"),
    });
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  it.each([
    ["another format", { format: 0 }, "format"],
    ["an unknown key", { extra: 1 }, "extra"],
    ["a rate below 0", { bandwidth: [{ ...row, per_second: -1 }] }, "bandwidth.0.per_second"],
    ["a share above 1", { contention: 1.5 }, "contention"],
    ["no threads", { bandwidth: [{ ...row, threads: 0 }] }, "bandwidth.0.threads"],
    ["an invalid date", { measured_at: "yesterday" }, "measured_at"],
    ["a number that is too large", { storage_read: { per_second: "1e999", spread: 0 } }, "storage_read.per_second"],
  ])("is ignored if it has %s", async (_, change, place) => {
    putIn(JSON.stringify({ ...(await valid()), ...change }).replace('"1e999"', "1e999"));
    const { measurement, ignored } = await readDeviceMeasurement({ path: file });
    expect(measurement).toBeNull();
    expect(ignored).toContain(`is not a measurement at ${place}: `);
  });

  it("cannot change any prototype", async () => {
    const text = JSON.stringify(await valid()).replace("{", '{"__proto__":{"polluted":1},');
    putIn(text);
    const { measurement } = await readDeviceMeasurement({ path: file });
    expect(measurement).toBeNull();
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("is ignored after any flipped bit or cut", async () => {
    const { measurement: right } = await writeDeviceMeasurement({ bandwidth: [row], contention: 0.25 }, { path: file });
    const whole = readFileSync(file);
    for (let bit = 0; bit < whole.length * 8; bit += 3) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      putIn(flipped);
      const { measurement } = await readDeviceMeasurement({ path: file });
      // A flipped bit in white space between two keys changes nothing.
      if (measurement !== null) expect(measurement).toEqual(right);
    }
    for (let length = 0; length < whole.length - 2; length += 7) {
      putIn(whole.subarray(0, length));
      expect((await readDeviceMeasurement({ path: file })).measurement).toBeNull();
    }
  });

  it("never makes reading fail", async () => {
    const text = JSON.stringify(await valid());
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.nat(40), fc.string(), async (at, length, instead) => {
        putIn(text.slice(0, at) + instead + text.slice(at + length));
        const { measurement, ignored } = await readDeviceMeasurement({ path: file });
        expect(measurement === null).toBe(ignored !== null);
      }),
      { numRuns: 60 },
    );
  });

  it.skipIf(process.platform === "win32")("is ignored without waiting if it is a pipe or a folder", async () => {
    mkdirSync(path.dirname(file), { recursive: true });
    spawnSync("mkfifo", [file]);
    expect((await readDeviceMeasurement({ path: file })).ignored).toBe(`${file} cannot be read (ENOTSUP)`);
    rmSync(file);
    mkdirSync(file);
    expect((await readDeviceMeasurement({ path: file })).ignored).toBe(`${file} cannot be read (EISDIR)`);
    rmSync(file, { recursive: true });
    symlinkSync(file, file);
    expect((await readDeviceMeasurement({ path: file })).ignored).toBe(`${file} cannot be read (ELOOP)`);
  });

  it.skipIf(process.platform === "win32")("is replaced without changing the target of a link", async () => {
    const elsewhere = path.join(folder, "elsewhere");
    writeFileSync(elsewhere, "mine");
    mkdirSync(path.dirname(file), { recursive: true });
    symlinkSync(elsewhere, file);
    await writeDeviceMeasurement({ bandwidth: [row] }, { path: file });
    expect(readFileSync(elsewhere, "utf8")).toBe("mine");
    expect(stored().bandwidth).toEqual([row]);
  });
});

describe("a folder that cannot be written", () => {
  it("is an error with a hint, and leaves nothing behind", async () => {
    writeFileSync(path.join(folder, "state"), "a file where a folder should be");
    await expect(writeDeviceMeasurement({}, { path: file })).rejects.toMatchObject({
      code: "measurement",
      message: `The measurement cannot be saved in ${file}.`,
      hint: "Set XDG_STATE_HOME to a writable folder.",
    });
    expect(readdirSync(folder)).toEqual(["state"]);
  });

  it.skipIf(process.platform !== "linux")("is an error if the kernel refuses to create it", async () => {
    const path = "/proc/nanoagent/state/device-measurement.json";
    await expect(writeDeviceMeasurement({}, { path })).rejects.toMatchObject({ code: "measurement" });
  });

  it("leaves no partial file if it cannot be renamed", async () => {
    mkdirSync(path.join(file, "full"), { recursive: true });
    await expect(writeDeviceMeasurement({}, { path: file })).rejects.toMatchObject({ code: "measurement" });
    expect(readdirSync(path.dirname(file))).toEqual(["device-measurement.json"]);
  });

  it.skipIf(isRoot || process.platform === "win32")("is an error if this user has no write permission", async () => {
    mkdirSync(path.dirname(file), { recursive: true });
    chmodSync(path.dirname(file), 0o500);
    await expect(writeDeviceMeasurement({}, { path: file })).rejects.toMatchObject({ code: "measurement" });
    chmodSync(path.dirname(file), 0o700);
  });
});
