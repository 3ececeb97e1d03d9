import { constants, cpSync, existsSync, lstatSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openReleases, type ReleaseHost, readReleases } from "../../src/bundles.js";
import { ScratchDevice, workingHost } from "./scratch-device.js";

/** Is called before each operation that changes the disk. */
let beforeChange: ((name: string) => void) | null = null;

// A kill stops a program between two operations, so a copy of the folder before each of them is all that a kill can leave.
vi.mock("node:fs/promises", async (load) => {
  const real = await load<typeof import("node:fs/promises")>();
  const changing = ["rename", "symlink", "unlink", "rm", "mkdir", "open", "chmod"] as const;
  const wrapped = changing.map((name) => [
    name,
    (...args: unknown[]) => {
      if (name !== "open" || isWriting(args[1])) beforeChange?.(name);
      return (real[name] as (...args: unknown[]) => unknown)(...args);
    },
  ]);
  return { ...real, ...Object.fromEntries(wrapped) };
});

function isWriting(flags: unknown): boolean {
  return typeof flags === "number" && (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0;
}

let device: ScratchDevice;
let images: string[];

beforeEach(async () => {
  device = await ScratchDevice.make();
  images = [];
  for (const sequence of [1, 2, 3]) await device.applyNew(sequence);
});

afterEach(() => {
  beforeChange = null;
  rmSync(device.folder, { recursive: true, force: true });
});

/** Runs a change, and keeps a copy of the folder as it was before each of its operations, and at its end. */
async function recordImages(change: () => Promise<unknown>): Promise<string[]> {
  const folder = await mkdtemp(path.join(device.folder, "images-"));
  const takeImage = () => {
    const image = path.join(folder, String(images.length));
    copyFolder(device.root, image);
    images.push(image);
  };
  beforeChange = takeImage;
  try {
    await change();
  } finally {
    beforeChange = null;
  }
  takeImage();
  return images;
}

/** Copies a folder without its claims, which are sockets of this process and go with a killed one. */
function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter: (file) => !lstatSync(file).isSocket() });
}

/** Opens what a kill has left behind, as the next program does. */
async function repair(image: string): Promise<ScratchDevice> {
  const killed = new ScratchDevice(device.folder, image);
  // Before anything is repaired, `current` already leads to a whole release.
  await killed.wholeCurrent();
  await (await openReleases(image)).close();
  expect(readdirSync(image).sort()).toEqual(["current", "records", "releases", "state.json"]);
  const list = await readReleases(image);
  expect(list.trial).toBeNull();
  expect(list.releases.length).toBeLessThanOrEqual(3);
  const names = list.releases.map(({ sequence }) => String(sequence)).sort();
  expect(await killed.names()).toEqual(names);
  expect(await killed.names("records")).toEqual(names.map((name) => `${name}.json`));
  return killed;
}

/** A service: it closes the old agent, proves the new one, and starts it after the switch. */
function service(parts: { starts: boolean }): ReleaseHost {
  return workingHost({
    change: async (steps) => {
      await steps.prove();
      await steps.moveOn();
      if (parts.starts) return;
      await steps.moveBack();
      throw new Error("it does not start");
    },
  });
}

describe("a kill before any operation", () => {
  test.each(["without an agent", "in a service"])(
    "of an update %s leaves the old or the new release",
    async (where) => {
      const file = await device.bundle({ sequence: 4 });
      const host = where === "in a service" ? service({ starts: true }) : workingHost();
      await recordImages(() => device.apply(file, host));
      expect(images.length).toBeGreaterThan(15);
      const found = new Set<number | null>();
      for (const image of images) {
        const killed = await repair(image);
        const before = await killed.wholeCurrent();
        found.add(before);
        const { highest, previous, failed } = await readReleases(image);
        expect({ highest, previous, failed }).toEqual({ highest: before, previous: Number(before) - 1, failed: [] });
        const result = await killed.apply(file);
        expect(result.state).toBe(before === 4 ? "current" : "applied");
        expect(await killed.wholeCurrent()).toBe(4);
        expect(await readReleases(image)).toMatchObject({ previous: 3, highest: 4 });
      }
      expect([...found]).toEqual([3, 4]);
    },
  );

  test("of the first update leaves nothing or the new release", async () => {
    const fresh = await ScratchDevice.make();
    const file = await fresh.bundle({ sequence: 4 });
    device = fresh;
    await (await openReleases(fresh.root, { create: true })).close();
    await recordImages(() => fresh.apply(file));
    for (const image of images) {
      const killed = new ScratchDevice(device.folder, image);
      await (await openReleases(image)).close();
      expect([null, 4]).toContain(await killed.wholeCurrent());
      expect((await killed.apply(file)).current).toBe(4);
    }
  });

  test("of an update that fails leaves the old release, and an offer of it fails again in the end", async () => {
    const failing = [workingHost({ prove: async () => "It does not answer." }), service({ starts: false })];
    for (const [at, host] of failing.entries()) {
      const file = await device.bundle({ sequence: 4 + at });
      images = [];
      await recordImages(() => device.apply(file, host));
      for (const image of images) {
        const killed = await repair(image);
        expect(await killed.wholeCurrent()).toBe(3);
        const again = await killed.apply(file, host, { isOffered: true });
        expect(again).toMatchObject({ state: "rolled-back", current: 3 });
        expect((await readReleases(image)).failed).toHaveLength(1 + at);
      }
    }
  });

  test.each(["without an agent", "in a service"])("of a rollback %s leaves one of the two releases", async (where) => {
    const host = where === "in a service" ? service({ starts: true }) : workingHost();
    await recordImages(() => device.rollBack(host));
    const found = new Set<number | null>();
    for (const image of images) {
      const copy = `${image}-repeated`;
      copyFolder(image, copy);
      const hasEnded = (await readReleases(copy)).failed.length > 0;
      const repeated = await new ScratchDevice(device.folder, copy).rollBack(workingHost(), { countsFinished: true });
      expect(repeated).toMatchObject({ state: "applied", current: hasEnded ? 1 : 2 });
      const killed = await repair(image);
      const before = await killed.wholeCurrent();
      found.add(before);
      const list = await readReleases(image);
      expect(list.previous).toBe(Number(before) - 1);
      expect(list.failed.map(({ sequence }) => sequence)).toEqual(before === 2 ? [3] : []);
      await killed.rollBack();
      expect(await killed.wholeCurrent()).toBe(Number(before) - 1);
    }
    expect([...found]).toEqual([3, 2]);
  });

  test("of a repair can be repaired", async () => {
    const { folder } = device;
    const file = await device.bundle({ sequence: 4 });
    await recordImages(() => device.apply(file, service({ starts: true })));
    const placed = images.filter((image) => existsSync(path.join(image, "releases/4")));
    const isSwitched = (image: string) => readlinkSync(path.join(image, "current")) === "releases/4";
    const switched = placed.findIndex(isSwitched);
    expect(switched).toBeGreaterThan(1);
    // Once before the switch, and once after it.
    for (const image of [placed[switched - 1], placed[switched]] as string[]) {
      images = [];
      device = new ScratchDevice(folder, image);
      await recordImages(async () => (await openReleases(image)).close());
      for (const again of images) expect([3, 4]).toContain(await (await repair(again)).wholeCurrent());
    }
  });
});

describe("an interrupted trial", () => {
  test("goes back to the old release, and counts: the third time the bundle is given up", async () => {
    const file = await device.bundle({ sequence: 4 });
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const host = service({ starts: true });
      let image = "";
      const killing = workingHost({
        change: async (steps, signal) => {
          await host.change?.(steps, signal);
          image = path.join(device.folder, `image-${attempt}`);
          copyFolder(device.root, image);
        },
      });
      expect(await device.apply(file, killing, { isOffered: true })).toMatchObject({ state: "applied" });
      device = new ScratchDevice(device.folder, image);
      expect(await device.wholeCurrent()).toBe(4);
      const releases = await openReleases(image);
      expect(releases.repaired).toBe("The update to release 4 was interrupted. Release 3 is in use.");
      await releases.close();
      expect(await device.wholeCurrent()).toBe(3);
    }
    const result = await device.apply(file, workingHost(), { isOffered: true });
    expect(result).toMatchObject({ state: "rolled-back", code: "bundle-failed", current: 3 });
    expect(result.reason).toContain("interrupted 3 times");
    expect(await device.apply(file)).toMatchObject({ state: "applied", current: 4 });
  });

  test("an aborted one does not count", async () => {
    const file = await device.bundle({ sequence: 4 });
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      const abort = new AbortController();
      const host = workingHost({
        prove: async (_, signal) => {
          abort.abort(new Error("the service ends"));
          signal.throwIfAborted();
          return null;
        },
      });
      const applying = device.apply(file, host, { isOffered: true, signal: abort.signal });
      await expect(applying).rejects.toThrow("the service ends");
    }
    expect(await device.apply(file, workingHost(), { isOffered: true })).toMatchObject({ state: "applied" });
  });

  test("without the old release, the new one stays", async () => {
    const file = await device.bundle({ sequence: 4 });
    let image = "";
    const host = workingHost({
      change: async (steps) => {
        await steps.prove();
        await steps.moveOn();
        image = path.join(device.folder, "image");
        copyFolder(device.root, image);
      },
    });
    await device.apply(file, host);
    rmSync(path.join(image, "releases/3"), { recursive: true });
    await (await openReleases(image)).close();
    expect(await readReleases(image)).toMatchObject({ current: { sequence: 4 }, previous: 2, highest: 4 });
  });
});
