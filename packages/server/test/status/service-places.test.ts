import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { listPlaces, placeOfService } from "../../src/status/service-places.js";

/** Two folders of this user: one for XDG_RUNTIME_DIR, one for temporary files. */
function makeFolders(): { runtime: string; temporary: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-places-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const folders = { runtime: path.join(folder, "runtime"), temporary: path.join(folder, "temporary") };
  for (const name of Object.values(folders)) mkdirSync(name, { mode: 0o700 });
  vi.stubEnv("TMPDIR", folders.temporary);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return folders;
}

const own = (places: readonly string[]) => places.filter((place) => place.includes("nanoagent-places-"));

describe.skipIf(process.platform === "win32")("services are found", () => {
  test.each([
    ["that had no XDG_RUNTIME_DIR", "", "runtime"],
    ["that had another one", "runtime", "other"],
    ["with the same one", "runtime", "runtime"],
  ])("%s", async (_, ofService, ofStatus) => {
    const { runtime } = makeFolders();
    const folderFor = (name: string) => (name === "" ? "" : path.join(path.dirname(runtime), name));
    mkdirSync(folderFor("other"), { mode: 0o700 });
    vi.stubEnv("XDG_RUNTIME_DIR", folderFor(ofService));
    const place = (await placeOfService(4711)) ?? "";
    writeFileSync(place, "");
    vi.stubEnv("XDG_RUNTIME_DIR", folderFor(ofStatus));
    const isReachable = ofService === "" || ofService === ofStatus;
    expect(own(await listPlaces())).toEqual(isReachable ? [place] : []);
  });

  test("in both folders, and not in those that others may write to or that are links", async () => {
    const { runtime, temporary } = makeFolders();
    vi.stubEnv("XDG_RUNTIME_DIR", "");
    const first = (await placeOfService(1)) ?? "";
    writeFileSync(first, "");
    vi.stubEnv("XDG_RUNTIME_DIR", runtime);
    const second = (await placeOfService(2)) ?? "";
    writeFileSync(second, "");
    expect(first.startsWith(temporary)).toBe(true);
    expect(own(await listPlaces()).sort()).toEqual([first, second].sort());
    chmodSync(path.dirname(second), 0o777);
    expect(own(await listPlaces())).toEqual([first]);
    rmSync(path.dirname(second), { recursive: true });
    symlinkSync(path.dirname(first), path.dirname(second));
    expect(own(await listPlaces())).toEqual([first]);
  });
});
