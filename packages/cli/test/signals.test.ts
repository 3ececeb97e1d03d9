import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { exampleConfig, resultOf, startProgram, untilPrinted } from "./run-program.js";

const attempts = process.env.NANOAGENT_SOAK ? 100 : 10;

describe.skipIf(process.platform === "win32")("a signal ends the program", () => {
  test.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)("%s while it waits for input", async (signal) => {
    const child = startProgram(["run", "--config", exampleConfig]);
    const result = resultOf(child);
    await untilPrinted(child, "to exit.");
    child.kill(signal);
    expect(await result).toMatchObject({ exitCode: 128 + constants.signals[signal], signal: null, stderr: "" });
  });

  test(`at ${attempts} different moments, with the right exit code`, async () => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const signal = (["SIGTERM", "SIGHUP", "SIGINT"] as const)[attempt % 3] ?? "SIGTERM";
      const child = startProgram(["run", "--config", exampleConfig]);
      child.stdin.on("error", () => {});
      const talk = setInterval(() => child.stdin.write("hello there\n"), 1);
      setTimeout(() => child.kill(signal), (300 * attempt) / attempts);
      const result = await resultOf(child);
      clearInterval(talk);
      // Before its first line has run, the signal ends the program directly.
      if (result.signal !== null) expect(result).toMatchObject({ signal, stdout: "" });
      else expect(result.exitCode).toBe(128 + constants.signals[signal]);
      expect(result.stderr).toBe("");
      // The output consists of complete lines.
      expect(result.stdout).toMatch(/^$|\n$/);
    }
  });
});
