import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { writeReport } from "../../src/doctor/write-report.js";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "nanoagent-report-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

const stop = new AbortController().signal;
const report = { name: "report.txt", text: "facts\n".repeat(50_000), stop, onCommit: () => {} };

describe("a report that is stopped", () => {
  test("before it has its name leaves nothing behind", async () => {
    const stopped = { ...report, stop: AbortSignal.abort() };
    expect(await writeReport(folder, stopped)).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("while it gets its name leaves nothing behind", async () => {
    const stopping = new AbortController();
    const stopped = { ...report, stop: stopping.signal, onCommit: () => stopping.abort() };
    expect(await writeReport(path.join(folder, "a.txt"), stopped)).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("never removes a file of others", async () => {
    writeFileSync(path.join(folder, "report.txt"), "mine");
    const stopping = new AbortController();
    await writeReport(folder, { ...report, stop: stopping.signal, onCommit: () => stopping.abort() });
    expect(readdirSync(folder)).toEqual(["report.txt"]);
    expect(readFileSync(path.join(folder, "report.txt"), "utf8")).toBe("mine");
  });
});

describe.skipIf(process.platform === "win32")("an output that is not a file", () => {
  test("a device receives the text, and no file gets its name with a number", async () => {
    expect(await writeReport("/dev/null", report)).toBe("/dev/null");
    expect(readdirSync("/dev").filter((name) => /^null-|^\.nanoagent/.test(name))).toEqual([]);
  });

  test.skipIf(process.platform !== "linux")("a device that is full is an error", async () => {
    await expect(writeReport("/dev/full", report)).rejects.toMatchObject({ reason: "The disk is full." });
  });

  test("a pipe receives the text, however large", async () => {
    const pipe = path.join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(writeReport(pipe, report)).rejects.toMatchObject({ reason: "No program reads from this pipe." });
    const { open } = await import("node:fs/promises");
    // Opened for both, so that neither side waits for the other.
    const reader = await open(pipe, "r+");
    const written = writeReport(pipe, report);
    let text = "";
    while (text.length < report.text.length) {
      const { bytesRead, buffer } = await reader.read(Buffer.alloc(65_536), 0, 65_536);
      text += buffer.toString("utf8", 0, bytesRead);
    }
    expect(await written).toBe(pipe);
    expect(text === report.text).toBe(true);
    await reader.close();
  });

  test("a socket is an error that says what to do", async () => {
    const file = path.join(folder, "socket");
    const server = createServer().listen(file);
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    await expect(writeReport(file, report)).rejects.toMatchObject({
      reason: "It is neither a file nor a folder.",
      hint: expect.stringContaining("--output -"),
    });
    expect(readdirSync(folder)).toEqual(["socket"]);
  });
});
