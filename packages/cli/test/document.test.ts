import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleConfig, resultOf, runProgram, startProgram } from "./run-program.js";

const once = ["run", "--config", exampleConfig, "--once", "Sum all of this report up"];
const report = "The pump drips.\nThe valve is fine.\n";
const answer = (document: string) =>
  `Agent: I received your message of ${document.split(/\s+/).length + 6} words: ${document}\n\nSum all of this report up\n`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-document-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a document for --once", () => {
  test("comes through a pipe, and stands before the question", async () => {
    const { stdout, exitCode } = await runProgram(once, report);
    expect([stdout, exitCode]).toEqual([answer(report.trimEnd()), 0]);
  });

  test("may be UTF-16", async () => {
    const { stdout } = await runProgram(once, Buffer.from(`\ufeff${report}`, "utf16le"));
    expect(stdout).toBe(answer(report.trimEnd()));
  });

  test("comes from a file with --document", async () => {
    const file = path.join(folder, "report.txt");
    await writeFile(file, report);
    expect((await runProgram([...once, "--document", file])).stdout).toBe(answer(report.trimEnd()));
    expect((await runProgram([...once, "--document", "-"], report)).stdout).toBe(answer(report.trimEnd()));
  });

  test("is not needed: an empty pipe asks the question alone", async () => {
    expect((await runProgram(once)).stdout).toBe(
      "Agent: I received your message of 6 words: Sum all of this report up\n",
    );
  });

  test("is not waited for without end when a program leaves the pipe open", async () => {
    const child = startProgram(once);
    const { stdout, stderr, exitCode } = await resultOf(child);
    expect(stderr).toBe("note: No document came on the standard input within 3 s; answering without one.\n");
    expect([stdout, exitCode]).toEqual(["Agent: I received your message of 6 words: Sum all of this report up\n", 0]);
  });

  test.each([
    ["binary", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2, 3, 0, 0, 0]), "is not text that can be read", 1],
    ["larger than a message", "a".repeat(1024 * 1024 + 1), "exceeds the limit of 1048576 bytes.", 1],
  ])("that is %s is refused with the reason", async (_, input, message, exitCode) => {
    const result = await runProgram(once, input);
    expect(result.stderr).toContain(message);
    expect([result.stdout, result.exitCode]).toEqual(["", exitCode]);
  });

  test("that cannot be found is refused, and --document alone is as well", async () => {
    const missing = await runProgram([...once, "--document", path.join(folder, "none.txt")]);
    expect(missing.stderr).toContain("none.txt cannot be read.");
    expect(missing.exitCode).toBe(2);
    const alone = await runProgram(["run", "--config", exampleConfig, "--document", "a.txt"]);
    expect(alone.stderr).toContain("--document has no effect without --once.");
    expect(alone.exitCode).toBe(2);
  });

  test("leaves results alone on stdout with --json, and errors there too", async () => {
    const good = await runProgram([...once, "--json"], report);
    expect(JSON.parse(good.stdout)).toMatchObject({ turn: 1, reason: "stop", model: "rules" });
    const bad = await runProgram([...once, "--json"], Buffer.alloc(64));
    expect(JSON.parse(bad.stdout)).toMatchObject({ error: { code: "invalid-message" } });
    expect([good.stderr, bad.stderr, bad.exitCode]).toEqual(["", "", 1]);
  });
});
