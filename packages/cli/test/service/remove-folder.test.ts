import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { removeFolder } from "../../src/service/remove-folder.js";
import { runTool } from "../../src/service/run-tool.js";

describe.skipIf(process.platform !== "linux")("a folder of another user is removed", () => {
  const makeFolder = () => {
    const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-remove-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return folder;
  };

  test("without what its links lead to, and without an error if it does not exist", async () => {
    const folder = makeFolder();
    const elsewhere = path.join(folder, "elsewhere");
    const state = path.join(folder, "-state");
    for (const made of [elsewhere, path.join(state, "inner")]) mkdirSync(made, { recursive: true });
    writeFileSync(path.join(elsewhere, "kept"), "");
    symlinkSync(elsewhere, path.join(state, "inner/link"));
    symlinkSync(elsewhere, path.join(folder, "link"));
    for (const name of ["-state", "link", "missing"]) await removeFolder(path.join(folder, name), runTool);
    expect(readdirSync(folder)).toEqual(["elsewhere"]);
    expect(existsSync(path.join(elsewhere, "kept"))).toBe(true);
  });

  test("or the reason is told", async () => {
    const folder = makeFolder();
    const fails = async () => ({ exitCode: 1, stdout: "", stderr: "rm: cannot remove 'a': Device or resource busy\n" });
    await expect(removeFolder(folder, fails)).rejects.toMatchObject({
      code: "systemd-failed",
      message: `Cannot remove ${folder}: rm: cannot remove 'a': Device or resource busy`,
    });
  });
});
