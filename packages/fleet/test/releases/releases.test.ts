import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import {
  type BundleModel,
  makeKeyPair,
  openReleases,
  ownerOf,
  type PlacedRelease,
  readReleases,
  rootOfConfig,
  type UpdateStep,
} from "../../src/bundles.js";
import { keys, ScratchDevice, workingHost } from "./scratch-device.js";

describe("apply", () => {
  test("makes the first bundle the release in use", async () => {
    const device = await ScratchDevice.make();
    const file = await device.bundle({ sequence: 3, files: { "smoke.yaml": "[]\n" } });
    const steps: UpdateStep[] = [];
    let placed: PlacedRelease | null = null;
    let seen = "";
    const host = workingHost({
      check: async (config) => {
        seen = readFileSync(config, "utf8");
        return [];
      },
      prove: async (release) => {
        placed = release;
        return null;
      },
    });
    const result = await device.apply(file, host, { onStep: (step) => steps.push(step) });
    expect(result).toMatchObject({ state: "applied", name: "kiosk", version: "1.3.0", sequence: 3, current: 3 });
    expect(result).toMatchObject({ reason: null, code: null });
    expect(steps).toEqual(["verifying", "checking", "proving", "starting"]);
    expect(seen).toBe("name: agent-3\n");
    const next = path.join(device.root, "next");
    expect(placed).toEqual({
      folder: next,
      config: path.join(next, "agent.yaml"),
      smoke: path.join(next, "smoke.yaml"),
    });
    expect(await device.link()).toBe("releases/3");
    expect(await device.wholeCurrent()).toBe(3);
    expect(await device.names(".")).toEqual(["current", "records", "releases", "state.json"]);
    expect(await device.state()).toMatchObject({ format: 1, sequence: 3, previous: null, trial: null, failed: [] });
  });

  test("resolves with current for the bundle in use, and does not touch it", async () => {
    const device = await ScratchDevice.make();
    const file = await device.bundle({ sequence: 1 });
    await device.apply(file);
    const before = await stat(path.join(device.root, "current/agent.yaml"));
    const host = workingHost({ prove: async () => "it must not run" });
    expect(await device.apply(file, host)).toMatchObject({ state: "current", current: 1, reason: null });
    expect((await stat(path.join(device.root, "current/agent.yaml"))).ino).toBe(before.ino);
  });

  test("keeps three releases, and what belongs to others", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    await mkdir(path.join(device.root, "session"));
    await writeFile(path.join(device.root, "releases/notes.txt"), "mine");
    await mkdir(path.join(device.root, "releases/session"));
    for (const sequence of [2, 5, 6, 9]) await device.applyNew(sequence);
    const kept = ["5", "6", "9"];
    expect(await device.names()).toEqual([...kept, "notes.txt", "session"]);
    expect(await device.names(".")).toEqual(["current", "records", "releases", "session", "state.json"]);
    const list = await readReleases(device.root);
    expect(list).toMatchObject({ previous: 6, highest: 9, trial: null, failed: [] });
    expect(list.current).toMatchObject({ sequence: 9, config: "agent.yaml" });
    expect(list.releases.map(({ sequence }) => sequence)).toEqual([9, 6, 5]);
  });

  test("refuses a replayed bundle with a lower sequence", async () => {
    const device = await ScratchDevice.make();
    const old = await device.bundle({ sequence: 1 });
    await device.apply(old);
    await device.applyNew(2);
    const result = await device.apply(old);
    expect(result).toMatchObject({ state: "refused", code: "bundle-outdated", sequence: 1, current: 2 });
    expect(result.reason).toContain("sequence 1, but this device has already used 2.");
    expect(await device.wholeCurrent()).toBe(2);
  });

  test("refuses a lower sequence with a higher version, and takes a higher one with a lower version", async () => {
    const device = await ScratchDevice.make();
    await device.apply(await device.bundle({ sequence: 5, version: "2.0.0" }));
    const lower = await device.apply(await device.bundle({ sequence: 4, version: "3.0.0" }));
    expect(lower).toMatchObject({ state: "refused", code: "bundle-outdated", current: 5 });
    const higher = await device.apply(await device.bundle({ sequence: 6, version: "1.0.0" }));
    expect(higher).toMatchObject({ state: "applied", current: 6 });
  });

  test.each(["in use", "rolled back", "failed"])(
    "refuses another manifest with a sequence that is %s",
    async (which) => {
      const device = await ScratchDevice.make();
      await device.applyNew(1);
      const host = workingHost(which === "failed" ? { prove: async () => "It does not answer." } : {});
      await device.apply(await device.bundle({ sequence: 2 }), host);
      if (which === "rolled back") await device.rollBack();
      const other = await device.bundle({ sequence: 2, files: { "more.txt": "more" } });
      const result = await device.apply(other);
      expect(result).toMatchObject({ state: "refused", code: "bundle-outdated", current: which === "in use" ? 2 : 1 });
      expect(result.reason).toContain("Another bundle with the sequence 2");
    },
  );

  test("throws for a bundle that is not trusted or damaged, and changes nothing", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const foreign = await device.bundle({ sequence: 2, privateKey: makeKeyPair().privatePem });
    await expect(device.apply(foreign)).rejects.toMatchObject({ code: "bundle-untrusted" });
    const file = await device.bundle({ sequence: 3 });
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, -1));
    await expect(device.apply(file)).rejects.toMatchObject({ code: "bundle-malformed" });
    await expect(device.apply(path.join(device.folder, "missing"))).rejects.toMatchObject({
      code: "bundle-unreadable",
    });
    expect(await device.wholeCurrent()).toBe(1);
    expect(await device.names()).toEqual(["1"]);
  });

  test("refuses a config with errors, and removes the release", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const errors = Array.from({ length: 7 }, (_, at) => `Error ${at}.`);
    const file = await device.bundle({ sequence: 2 });
    const result = await device.apply(file, workingHost({ check: async () => errors }));
    expect(result).toMatchObject({ state: "refused", code: "bundle-unsuitable", current: 1 });
    expect(result.reason).toContain("Error 0. Error 1. Error 2. Error 3. Error 4. 2 more. Correct the config");
    expect(await device.names()).toEqual(["1"]);
    // Nothing was wrong with the bundle itself: after the device is repaired, it is applied.
    expect(await device.apply(file)).toMatchObject({ state: "applied" });
  });

  test("rolls back after a failed proof, says why, and tries again only by hand", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const file = await device.bundle({ sequence: 2 });
    const result = await device.apply(file, workingHost({ prove: async () => "2 of 3 answers were right." }));
    expect(result).toMatchObject({ state: "rolled-back", code: "bundle-failed", sequence: 2, current: 1 });
    expect(result.reason).toBe("The agent of kiosk 1.2.0 failed its proof. 2 of 3 answers were right.");
    expect(await device.wholeCurrent()).toBe(1);
    expect(await device.names()).toEqual(["1"]);
    expect((await readReleases(device.root)).failed).toMatchObject([{ sequence: 2, reason: result.reason }]);
    const offered = await device.apply(file, workingHost(), { isOffered: true });
    expect(offered).toMatchObject({ state: "rolled-back", code: "bundle-failed", current: 1 });
    expect(offered.reason).toContain("2 of 3 answers were right.");
    expect(await device.apply(file)).toMatchObject({ state: "applied", current: 2 });
    expect((await readReleases(device.root)).failed).toEqual([]);
  });

  test("refuses, and does not count as a failure, a proof that could not run", async () => {
    const device = await ScratchDevice.make();
    const file = await device.bundle({ sequence: 1 });
    const host = workingHost({
      prove: async () => {
        throw Object.assign(new Error("spawn EAGAIN"), { code: "EAGAIN" });
      },
    });
    expect(await device.apply(file, host)).toMatchObject({ state: "refused", current: null });
    expect(await device.state()).toMatchObject({ sequence: 0, trial: null, failed: [] });
    expect(await device.apply(file, workingHost(), { isOffered: true })).toMatchObject({ state: "applied" });
  });

  test("an error of the program is not hidden as a refusal", async () => {
    const device = await ScratchDevice.make();
    const host = workingHost({
      check: async () => {
        throw new TypeError("a fault");
      },
    });
    await expect(device.apply(await device.bundle({ sequence: 1 }), host)).rejects.toThrow(TypeError);
    expect(await device.names()).toEqual([]);
  });

  test.each([
    ["0.1.0", ">=0.1.0 <1", "applied"],
    ["0.2.0-beta.1", ">=0.1.0 <1", "applied"],
    ["0.1.0", ">=0.2.0", "refused"],
  ])("version %s for %s: %s", async (version, range, state) => {
    const device = await ScratchDevice.make();
    const file = await device.bundle({ sequence: 1, requires: { nanoagent: range } });
    const result = await device.apply(file, workingHost({ version }));
    expect(result.state).toBe(state);
    if (state === "refused") expect(result).toMatchObject({ code: "bundle-unsuitable", current: null });
  });

  test("aborts at every step, and leaves the old release and no leftovers", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const file = await device.bundle({ sequence: 2 });
    for (const end of ["verifying", "checking", "proving", "starting"]) {
      const abort = new AbortController();
      const applying = device.apply(file, workingHost(), {
        signal: abort.signal,
        onStep: (step) => step === end && abort.abort(new Error("enough")),
      });
      // Nothing stops the link any more once the proof is over and the change began.
      if (end === "starting") expect(await applying).toMatchObject({ state: "applied", current: 2 });
      else await expect(applying).rejects.toThrow("enough");
      if (end !== "starting") expect(await device.names()).toEqual(["1"]);
    }
    expect((await device.state()).failed).toEqual([]);
  });
});

describe("models", () => {
  const model: BundleModel = { name: "small", source: "org/small:Q4_K_M", size: 10, sha256: "a".repeat(64) };
  const config = { "agent.yaml": "model_path: hub:small\n" };

  test("are pulled if they are missing", async () => {
    const device = await ScratchDevice.make();
    const file = await device.bundle({ sequence: 1, models: [model, { ...model, name: "other" }], files: config });
    const pulled: string[] = [];
    const shares: (number | null)[] = [];
    const models = {
      has: async ({ name }: BundleModel) => name === "small",
      pull: async ({ name }: BundleModel, { onProgress }: { onProgress: (share: number) => void }) => {
        pulled.push(name);
        onProgress(0.5);
      },
    };
    const result = await device.apply(file, workingHost({ models }), {
      onStep: (step, share) => step === "pulling" && shares.push(share),
    });
    expect(result.state).toBe("applied");
    expect(pulled).toEqual(["other"]);
    expect(shares).toEqual([0.5, 0.75]);
  });

  test("that this program cannot provide refuse the bundle", async () => {
    const device = await ScratchDevice.make();
    const file = await device.bundle({ sequence: 1, models: [model], files: config });
    expect(await device.apply(file)).toMatchObject({ state: "refused", code: "bundle-unsuitable", current: null });
    const models = {
      has: async () => false,
      pull: async () => {
        throw Object.assign(new Error("getaddrinfo ENOTFOUND hub"), { code: "ENOTFOUND" });
      },
    };
    const result = await device.apply(file, workingHost({ models }));
    expect(result).toMatchObject({ state: "refused", current: null });
    expect(result.reason).toContain("ENOTFOUND");
    expect(await device.names()).toEqual([]);
  });
});

describe("a service that changes its agent", () => {
  test("proves, moves on, and ends the trial", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const links: (string | null)[] = [];
    const trials: unknown[] = [];
    const host = workingHost({
      change: async (steps) => {
        await steps.prove();
        links.push(await device.link());
        await steps.moveOn();
        links.push(await device.link());
        trials.push((await device.state()).trial, (await readReleases(device.root)).trial);
      },
    });
    expect(await device.apply(await device.bundle({ sequence: 2 }), host)).toMatchObject({ state: "applied" });
    expect(links).toEqual(["releases/1", "releases/2"]);
    expect(trials).toMatchObject([{ sequence: 2, previous: 1, attempts: 1, step: "starting" }, 2]);
    expect(await device.state()).toMatchObject({ sequence: 2, previous: 1, trial: null });
  });

  test("goes back if the new agent does not start, also when the host forgets the link", async () => {
    for (const isForgetful of [false, true]) {
      const device = await ScratchDevice.make();
      await device.applyNew(1);
      const host = workingHost({
        change: async (steps) => {
          await steps.prove();
          await steps.moveOn();
          if (!isForgetful) await steps.moveBack();
          throw new Error("port 8080 is in use");
        },
      });
      const result = await device.apply(await device.bundle({ sequence: 2 }), host);
      expect(result).toMatchObject({ state: "rolled-back", code: "bundle-failed", current: 1 });
      expect(result.reason).toBe("The agent of kiosk 1.2.0 did not start. port 8080 is in use.");
      expect(await device.wholeCurrent()).toBe(1);
    }
  });

  test("can confirm before its change is over", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const file = await device.bundle({ sequence: 2 });
    const releases = await openReleases(device.root);
    const host = workingHost({
      change: async (steps) => {
        await steps.prove();
        await releases.confirm();
        expect(await device.state()).toMatchObject({ sequence: 1, trial: { step: "proving" } });
        await steps.moveOn();
        await releases.confirm();
        expect(await device.state()).toMatchObject({ sequence: 2, trial: null });
      },
    });
    expect(await releases.apply({ file, keys }, host)).toMatchObject({ state: "applied" });
    await releases.close();
  });

  test("is told that only one change runs at a time, and close waits for it", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const file = await device.bundle({ sequence: 2 });
    const releases = await openReleases(device.root);
    const first = releases.apply({ file, keys }, workingHost());
    await expect(releases.apply({ file, keys }, workingHost())).rejects.toMatchObject({ code: "releases-busy" });
    await releases.close();
    expect(await first).toMatchObject({ state: "applied" });
    await expect(releases.rollBack(workingHost())).rejects.toMatchObject({ code: "releases-unusable" });
  });
});

describe("rollBack", () => {
  test("goes back, and back again, and says when nothing older is here", async () => {
    const device = await ScratchDevice.make();
    for (const sequence of [1, 2, 3]) await device.applyNew(sequence);
    expect(await device.rollBack()).toMatchObject({ state: "applied", sequence: 2, version: "1.2.0", current: 2 });
    expect(await device.wholeCurrent()).toBe(2);
    expect(await device.rollBack()).toMatchObject({ state: "applied", sequence: 1, current: 1 });
    const last = await device.rollBack();
    expect(last).toMatchObject({ state: "refused", code: "releases-unusable", sequence: 1, current: 1 });
    expect(last.reason).toContain("has no earlier release");
    expect(await device.wholeCurrent()).toBe(1);
    expect(await device.state()).toMatchObject({ sequence: 3, previous: null, rollback: null });
  });

  test("the release that it leaves is not taken from an offer, but by hand, and later ones skip it", async () => {
    const device = await ScratchDevice.make();
    for (const sequence of [1, 2]) await device.applyNew(sequence);
    const file = await device.bundle({ sequence: 3 });
    await device.apply(file);
    await device.rollBack();
    const offered = await device.apply(file, workingHost(), { isOffered: true });
    expect(offered).toMatchObject({ state: "rolled-back", current: 2 });
    expect(await device.apply(file)).toMatchObject({ state: "applied", current: 3 });
    await device.rollBack();
    await device.applyNew(4);
    expect(await readReleases(device.root)).toMatchObject({ previous: 2, highest: 4 });
    expect(await device.rollBack()).toMatchObject({ sequence: 2, current: 2 });
    expect(await device.rollBack()).toMatchObject({ sequence: 1, current: 1 });
  });

  test("stays if the older agent does not start", async () => {
    const device = await ScratchDevice.make();
    for (const sequence of [1, 2]) await device.applyNew(sequence);
    const host = workingHost({
      change: async (steps) => {
        await steps.prove();
        await steps.moveOn();
        throw new Error("no memory");
      },
    });
    const result = await device.rollBack(host);
    expect(result).toMatchObject({ state: "refused", sequence: 2, current: 2 });
    expect(result.reason).toContain("no memory");
    expect(await device.state()).toMatchObject({ sequence: 2, previous: 1, rollback: null, failed: [] });
  });

  test("needs a folder of releases", async () => {
    const device = await ScratchDevice.make();
    await expect(device.rollBack()).rejects.toMatchObject({ code: "releases-unusable" });
    await mkdir(device.root);
    await expect(device.rollBack()).rejects.toMatchObject({ code: "releases-unusable" });
    expect(await readdir(device.root)).toEqual([]);
  });
});

describe("a folder that cannot be used", () => {
  test("a folder or a file in the place of current", async () => {
    for (const make of [mkdir, (place: string) => writeFile(place, "mine")]) {
      const device = await ScratchDevice.make();
      const file = await device.bundle({ sequence: 1 });
      await mkdir(device.root);
      await make(path.join(device.root, "current"));
      await expect(device.apply(file)).rejects.toMatchObject({ code: "releases-unusable" });
      expect((await lstat(path.join(device.root, "current"))).isSymbolicLink()).toBe(false);
    }
  });

  test("a folder that takes the place of current meanwhile", async () => {
    const device = await ScratchDevice.make();
    const file = await device.bundle({ sequence: 1 });
    const current = path.join(device.root, "current");
    const host = workingHost({
      prove: async () => {
        await mkdir(current);
        await writeFile(path.join(current, "mine"), "mine");
        return null;
      },
    });
    const result = await device.apply(file, host);
    expect(result).toMatchObject({ state: "refused", code: "releases-unusable", current: null });
    expect(await readFile(path.join(current, "mine"), "utf8")).toBe("mine");
  });

  test("a folder or a file in the place of next", async () => {
    const device = await ScratchDevice.make();
    await mkdir(path.join(device.root, "next"), { recursive: true });
    const result = await device.apply(await device.bundle({ sequence: 1 }));
    expect(result).toMatchObject({ state: "refused", code: "releases-unusable", current: null });
    expect(await device.names(".")).toContain("next");
  });

  test("a root that is a link, a file, or missing", async () => {
    const device = await ScratchDevice.make();
    const file = await device.bundle({ sequence: 1 });
    const elsewhere = path.join(device.folder, "elsewhere");
    await mkdir(elsewhere);
    await symlink(elsewhere, device.root);
    await expect(device.apply(file)).rejects.toMatchObject({
      code: "releases-unusable",
      message: `${device.root} is a link.`,
      hint: `Pass ${elsewhere}.`,
    });
    expect(await readdir(elsewhere)).toEqual([]);
    await rm(device.root);
    await writeFile(device.root, "");
    await expect(device.apply(file)).rejects.toMatchObject({ code: "releases-unusable" });
    await rm(device.root);
    await expect(openReleases(device.root)).rejects.toMatchObject({ code: "releases-unusable" });
  });

  test("planted links are neither followed nor removed", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const victim = path.join(device.folder, "victim");
    await mkdir(victim);
    await writeFile(path.join(victim, "precious"), "precious");
    const planted = path.join(device.root, "releases/2");
    await symlink(victim, planted);
    const file = await device.bundle({ sequence: 2 });
    const result = await device.apply(file);
    expect(result).toMatchObject({ state: "refused", code: "releases-unusable", current: 1 });
    expect(result.reason).toContain(`is a link to ${victim}`);
    await rm(planted);
    const record = path.join(device.root, "records/2.json");
    await symlink(path.join(victim, "precious"), record);
    expect(await device.apply(file)).toMatchObject({ state: "refused", code: "releases-unusable", current: 1 });
    expect(await readFile(path.join(victim, "precious"), "utf8")).toBe("precious");
    await rm(record);
    expect(await device.apply(file)).toMatchObject({ state: "applied" });
  });

  test("current, releases and hidden names that lead elsewhere", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const file = await device.bundle({ sequence: 2 });
    const victim = path.join(device.folder, "victim");
    await mkdir(victim);
    await writeFile(path.join(victim, "agent.yaml"), "name: other\n");
    const current = path.join(device.root, "current");
    await rm(current);
    await symlink(victim, current);
    await expect(device.apply(file)).rejects.toMatchObject({ code: "releases-unusable" });
    expect(await rootOfConfig(path.join(current, "agent.yaml"))).toBeNull();
    await rm(current);
    await symlink("releases/1", current);
    // A leftover that is a link is removed, but not what it leads to.
    await symlink(victim, path.join(device.root, "releases", `.2-${"0".repeat(16)}.unfinished`));
    expect(await device.apply(file)).toMatchObject({ state: "applied" });
    expect(await readdir(victim)).toEqual(["agent.yaml"]);
    const releases = path.join(device.root, "releases");
    await rename(releases, path.join(device.folder, "moved"));
    await symlink(path.join(device.folder, "moved"), releases);
    await expect(device.apply(file)).rejects.toMatchObject({ code: "releases-unusable" });
    await expect(readReleases(device.root)).rejects.toMatchObject({ code: "releases-unusable" });
  });

  test("two programs at once: the second one is told who has it", async () => {
    const device = await ScratchDevice.make();
    await device.applyNew(1);
    const releases = await openReleases(device.root, { name: "nanoagent serve" });
    const error = await openReleases(device.root).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "releases-busy" });
    expect(ownerOf(error)).toMatchObject({ name: "nanoagent serve", pid: process.pid });
    expect((await readReleases(device.root)).current?.sequence).toBe(1);
    await releases.close();
    await (await openReleases(device.root)).close();
  });

  test.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")(
    "a full disk, and one that is read-only (needs root)",
    async () => {
      const device = new ScratchDevice(await mkdtemp(path.join(tmpdir(), "releases-")));
      await mkdir(device.root);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=18m", "tmpfs", device.root]);
      try {
        expect(await device.applyNew(1)).toMatchObject({ state: "applied" });
        const big = await device.bundle({ sequence: 2, files: { "big.bin": "x".repeat(2_000_000) } });
        const refused = await device.apply(big);
        expect(refused).toMatchObject({ state: "refused", code: "bundle-unsuitable", current: 1 });
        expect(refused.reason).toMatch(/MB free, but the bundle needs 20\.\d MB/);
        // The disk fills up during the proof.
        const small = await device.bundle({ sequence: 3 });
        const filler = path.join(device.root, "filler");
        const fill = async () => {
          await writeFile(filler, Buffer.alloc(32 * 1024 * 1024)).catch(() => {});
          return null;
        };
        const full = await device.apply(small, workingHost({ prove: fill }));
        expect(full).toMatchObject({ state: "refused", code: "bundle-unsuitable", current: 1 });
        expect(full.reason).toContain("is full");
        await rm(filler);
        expect(await device.wholeCurrent()).toBe(1);
        execFileSync("mount", ["-o", "remount,ro", device.root]);
        await expect(device.apply(small)).rejects.toMatchObject({ code: "releases-unusable" });
        expect((await readReleases(device.root)).current?.sequence).toBe(1);
        execFileSync("mount", ["-o", "remount,rw", device.root]);
        expect(await device.apply(small)).toMatchObject({ state: "applied", current: 3 });
      } finally {
        execFileSync("umount", [device.root]);
      }
    },
  );
});

test("rootOfConfig finds the folder of the releases, also through a link above it", async () => {
  const device = await ScratchDevice.make();
  await device.applyNew(1);
  expect(await rootOfConfig(path.join(device.root, "current/agent.yaml"))).toBe(device.root);
  expect(await rootOfConfig(path.join(device.root, "releases/1/agent.yaml"))).toBeNull();
  expect(await rootOfConfig(path.join(device.folder, "current/agent.yaml"))).toBeNull();
  await symlink(device.root, path.join(device.folder, "linked"));
  expect(await rootOfConfig(path.join(device.folder, "linked/current/agent.yaml"))).toBe(device.root);
});
