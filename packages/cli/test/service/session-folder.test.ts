import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ChosenAccount } from "../../src/service/service-user.js";
import { isOfSystem, sessionFolder } from "../../src/service/session-folder.js";
import { makePlace } from "./fake-systemd.js";

const person = { name: "pi", uid: 1000, gid: 1000, home: "/home/pi" };
const ofPerson: ChosenAccount = { account: { kind: "person", name: "pi" }, person, reason: null };
const own: ChosenAccount = { account: { kind: "own" }, person: null, reason: null };
const place = () => ({ ...makePlace(), isUser: false, stateFolder: "/var/lib/nanoagent" });

describe.skipIf(process.platform === "win32")("the folder of the conversations", () => {
  test("is the service's own, or a further one that its person may write to", async () => {
    expect(await sessionFolder(undefined, place(), own)).toBeNull();
    expect(await sessionFolder("/var/lib/nanoagent/shed", place(), own)).toBeNull();
    expect(await sessionFolder("/home/pi/agent/state", place(), ofPerson)).toBe("/home/pi/agent/state");
    await expect(sessionFolder("/srv/shed", place(), own)).rejects.toMatchObject({ code: "service-unsuitable" });
  });

  test.each([
    "/",
    "/etc",
    "/var/lib/nanoagent/..",
    "/var",
    "/home",
    "/home/pi",
    "/usr/bin",
    "/run",
    "/proc/1",
    "/root",
  ])("is not %s", async (dir) => {
    for (const chosen of [own, ofPerson]) {
      await expect(sessionFolder(dir, place(), chosen)).rejects.toMatchObject({
        code: "service-unsuitable",
        message: expect.stringContaining("session.dir is /"),
      });
    }
  });

  test("is not a link to one of the system's", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-session-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    symlinkSync("/etc", path.join(folder, "link"));
    await expect(sessionFolder(path.join(folder, "link/systemd/x"), place(), ofPerson)).rejects.toMatchObject({
      code: "service-unsuitable",
    });
  });

  test("may be in a shared folder", () => {
    for (const dir of ["/etc/nanoagent/state", "/srv/shed", "/usr/local/shed", "/var/lib/shed", "/mnt/disk/shed"]) {
      expect(isOfSystem(dir)).toBe(false);
    }
  });
});
