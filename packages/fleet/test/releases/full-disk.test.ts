import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openReleases, type ReleaseHost } from "../../src/bundles.js";
import { keys, ScratchDevice, workingHost } from "./scratch-device.js";

const isPossible = process.getuid?.() === 0 && process.platform === "linux";

describe.skipIf(!isPossible)("a full disk (needs root)", () => {
  let device: ScratchDevice;

  beforeEach(async () => {
    device = await ScratchDevice.make();
    await mkdir(device.root);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=18m", "tmpfs", device.root]);
    for (const sequence of [1, 2]) await device.applyNew(sequence);
  });

  afterEach(() => {
    execFileSync("umount", [device.root]);
  });

  /** Takes all space that is free. */
  async function fill(name = "filler"): Promise<string> {
    const filler = path.join(device.root, name);
    await mkdir(path.dirname(filler), { recursive: true });
    await writeFile(filler, Buffer.alloc(32 * 1024 * 1024)).catch(() => {});
    return filler;
  }

  /** A service whose disk is full after each switch that the test wants. Counts its changes. */
  function service(afterSwitch: (change: number) => Promise<void>): ReleaseHost & { agents: (string | null)[] } {
    const agents: (string | null)[] = [];
    const host = workingHost({
      change: async (steps) => {
        await steps.prove();
        await steps.moveOn();
        agents.push(await device.link());
        await afterSwitch(agents.length);
      },
    });
    return { ...host, agents };
  }

  test("just after the switch goes back at once, through the host, and says why", async () => {
    const bundle = await device.bundle({ sequence: 3 });
    const host = service(async (change) => {
      if (change === 1) await fill();
    });
    const result = await device.apply(bundle, host);
    expect(result).toMatchObject({ state: "rolled-back", code: "bundle-unsuitable", sequence: 3, current: 2 });
    expect(result.reason).toContain("is full");
    expect(host.agents).toEqual(["releases/3", "releases/2"]);
    expect(await device.wholeCurrent()).toBe(2);
    await rm(path.join(device.root, "filler"));
    const releases = await openReleases(device.root);
    await releases.close();
    expect(await device.wholeCurrent()).toBe(2);
    // The bundle has not failed.
    expect(await device.apply(bundle, workingHost(), { isOffered: true })).toMatchObject({ state: "applied" });
  });

  test("whose way back fails says what is in use, and the same bundle again ends the trial", async () => {
    const bundle = await device.bundle({ sequence: 3 });
    const host = service(async (change) => {
      if (change === 1) await fill();
    });
    const failing: ReleaseHost = {
      ...host,
      change: async (steps, signal) => {
        await host.change?.(steps, signal);
        if (host.agents.length < 2) return;
        await steps.moveBack();
        throw new Error("port 8080 is in use");
      },
    };
    const releases = await openReleases(device.root);
    try {
      const result = await releases.apply({ file: bundle, keys }, failing);
      expect(result).toMatchObject({ state: "refused", code: "releases-unusable", current: 3 });
      expect(result.reason).toMatch(
        /^Release 3 is in use, since the update could not be recorded, and going back failed\./,
      );
      expect(result.reason).toContain("port 8080 is in use.");
      expect(result.reason).toMatch(/Until then, the next start goes back to release 2\.$/);
      await rm(path.join(device.root, "filler"));
      expect(await releases.apply({ file: bundle, keys }, failing)).toMatchObject({ state: "current", current: 3 });
    } finally {
      await releases.close();
    }
    expect(await device.state()).toMatchObject({ sequence: 3, previous: 2, trial: null });
  });

  test("makes room for a rollback: downloads and unfinished entries go", async () => {
    const part = await fill(`downloads/3-${"a".repeat(64)}.part`);
    expect(await device.rollBack()).toMatchObject({ state: "applied", current: 1 });
    await expect(rm(part)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await device.state()).toMatchObject({ previous: null, rollback: null, failed: [{ sequence: 2 }] });
  });

  test("in an open folder makes room for a rollback: unfinished entries go", async () => {
    const releases = await openReleases(device.root);
    try {
      await fill(`.3-${"a".repeat(16)}.unfinished/big`);
      expect(await releases.rollBack(workingHost())).toMatchObject({ state: "applied", current: 1 });
    } finally {
      await releases.close();
    }
  });

  test("that stays full refuses a rollback, and says which release stays", async () => {
    await fill();
    const result = await device.rollBack();
    expect(result).toMatchObject({ state: "refused", code: "releases-unusable", sequence: 2, current: 2 });
    expect(result.reason).toContain(
      `The disk of ${device.root} is full, so release 2 stays in use and nothing was applied.`,
    );
    expect(result.reason).toMatch(/Free some space, then go back again with nanoagent bundle rollback\.$/);
    await rm(path.join(device.root, "filler"));
    expect(await device.rollBack()).toMatchObject({ state: "applied", current: 1 });
  });

  test("after the switch of a rollback does not undo it", async () => {
    const host = service(async () => {
      await fill();
    });
    expect(await device.rollBack(host)).toMatchObject({ state: "applied", current: 1 });
    await rm(path.join(device.root, "filler"));
    await (await openReleases(device.root)).close();
    expect(await device.wholeCurrent()).toBe(1);
    expect(await device.state()).toMatchObject({ previous: null, rollback: null, failed: [{ sequence: 2 }] });
  });
});
