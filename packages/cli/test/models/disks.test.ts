import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Device, filesIn, linesOf, temporaryFolder } from "./device.js";
import { largeModel, sha256 } from "./tiny-models.js";

const LARGE = "org/large-GGUF";
const large = largeModel();
const small = Buffer.from(buildTinyGguf({ weightType: "q8_0" }));
let mirror: HubMirror;

beforeAll(async () => {
  const files = { "large-F16.gguf": large, "large-Q8_0.gguf": small };
  mirror = await startHubMirror({ repositories: { [LARGE]: { files } } });
});
afterAll(() => mirror.close());

/** Mounts a file system in memory. Returns null where this user may not. */
function mount(options: string): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return null;
  const folder = temporaryFolder();
  if (spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]).status !== 0) return null;
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return folder;
}

const NEEDS = "needs the right to mount";

describe("a disk", () => {
  test("that is known to be too small is refused, with the next smaller choice", async ({ skip }) => {
    const device = new Device({ HF_ENDPOINT: mirror.url }, mount("size=20m") ?? skip(NEEDS));
    for (const args of [["--json"], []]) {
      const { exitCode, stdout, stderr } = await device.models("pull", `${LARGE}:F16`, ...args);
      expect(exitCode, stderr).toBe(3);
      if (args.length === 0) expect(stdout).toBe("");
      else expect(linesOf(stdout).at(-1)).toMatchObject({ error: { code: "disk-too-small" } });
      expect(stdout + stderr).toContain("Pass --quant Q8_0");
    }
    expect(filesIn(device.folder).filter((file) => file.includes("blobs"))).toEqual([]);
    // The advice works.
    expect((await device.models("pull", LARGE, "--quant", "Q8_0")).exitCode).toBe(0);
  });

  test("that fills up meanwhile keeps the partial file", async ({ skip }) => {
    const folder = mount("size=20m") ?? skip(NEEDS);
    const device = new Device({ HF_ENDPOINT: mirror.url }, folder);
    const { exitCode, stdout, stderr } = await device.models("pull", `${LARGE}:F16`, "--force");
    expect([exitCode, stdout], stderr).toEqual([1, ""]);
    expect(stderr).toContain("The disk is full (ENOSPC).");
    const partial = path.join(device.cacheOf(LARGE), "blobs", `${sha256(large)}.nanoagent-part`);
    expect(statSync(partial).size).toBeGreaterThan(8 * 2 ** 20);
    expect((await device.json<{ models: unknown[] }>("models", "list")).models).toEqual([]);
    expect(spawnSync("mount", ["-o", "remount,size=64m", folder]).status).toBe(0);
    const again = await device.models("pull", `${LARGE}:F16`, "--json");
    expect(again.exitCode, again.stderr).toBe(0);
    const done = linesOf(again.stdout).at(-1);
    expect(done.downloaded_bytes).toBeLessThan(large.length);
    expect(readFileSync(done.path).equals(large)).toBe(true);
  });

  test("that is read-only can be read from, and is refused for downloads", async ({ skip }) => {
    const folder = mount("size=64m") ?? skip(NEEDS);
    const device = new Device({ HF_ENDPOINT: mirror.url }, folder);
    const file = (await device.models("pull", `${LARGE}:Q8_0`)).stdout;
    expect(spawnSync("mount", ["-o", "remount,ro", folder]).status).toBe(0);
    expect((await device.models("path", LARGE)).stdout).toBe(file);
    expect((await device.models("list")).exitCode).toBe(0);
    for (const args of [
      ["pull", `${LARGE}:F16`],
      ["rm", LARGE],
    ]) {
      const { exitCode, stdout, stderr } = await device.models(...args);
      expect([exitCode, stdout], stderr).toEqual([1, ""]);
      expect(stderr).toMatch(/EROFS|read-only/);
    }
    expect((await device.models("pull", `${LARGE}:Q8_0`, "--json")).exitCode).toBe(0);
    const other = new Device({ HF_ENDPOINT: mirror.url, HF_HOME: path.join(folder, "new", "deep") });
    const { exitCode, stderr } = await other.models("pull", `${LARGE}:Q8_0`);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/HF_HUB_CACHE|HF_HOME/);
  });
});

test("a file where a folder of the cache belongs is an error", async () => {
  const device = new Device({ HF_ENDPOINT: mirror.url });
  device.write("hugging-face/hub", "not a folder");
  const { exitCode, stdout, stderr } = await device.models("pull", `${LARGE}:Q8_0`);
  expect([exitCode, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^error: .+\n {2}why: .+\n {2}do: .+/m);
});
