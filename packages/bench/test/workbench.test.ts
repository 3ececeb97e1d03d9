import { existsSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Workbench } from "../src/workbench.mjs";

let workbench: Workbench;
beforeEach(() => {
  workbench = new Workbench();
});
afterEach(() => workbench.close());

const run = (program: string, timeLimitMilliseconds = 30_000) =>
  workbench.run(process.execPath, ["-e", program], { cwd: workbench.folder, timeLimitMilliseconds });

describe("Workbench", () => {
  it("returns the output of a program, including file descriptor 3, and its time", async () => {
    const result = await run("console.log('out'); require('fs').writeSync(3, 'report')");
    expect(result).toMatchObject({ stdout: "out\n", report: "report" });
    expect(result.milliseconds).toBeGreaterThan(0);
  });

  it("quotes the error of a program that fails", async () => {
    await expect(run("throw new RangeError('no such turn')")).rejects.toThrow("exit code 1: RangeError: no such turn");
  });

  it("ends a program that takes too long, with its descendants", async () => {
    const started =
      "require('child_process').spawn(process.execPath, ['-e', 'setInterval(Date, 1e6)'], {stdio: 'inherit'})";
    // The output stays open as long as a process holds it.
    await expect(run(`${started}; setInterval(Date, 1e6)`, 300)).rejects.toThrow("more than 0.3 s");
  });

  it("does not pass on variables for Node and npm", async () => {
    process.env.NODE_EXTRA_CA_CERTS ??= "";
    const { stdout } = await run("console.log(Object.keys(process.env).filter((name) => /^(node|npm)_/i.test(name)))");
    expect(stdout).toBe("[]\n");
  });

  it("removes its folders, and folders that were only partly filled", async () => {
    const cached = path.join(workbench.makeFolder("cache"), "peer");
    await expect(workbench.fillFolder(cached, () => Promise.reject(new Error("no network")))).rejects.toThrow(
      "no network",
    );
    const { folder } = workbench;
    workbench.close();
    expect(existsSync(folder)).toBe(false);
  });
});

describe("report-start-cost", () => {
  it("reports the memory of the program, not of its parent, and its processor time", async () => {
    const preload = path.join(import.meta.dirname, "../src/report-start-cost.cjs");
    const options = { cwd: workbench.folder, timeLimitMilliseconds: 30_000 };
    const cost = async (program: string) => {
      const { report } = await workbench.run(process.execPath, ["-r", preload, "-e", program], options);
      const [bytes = Number.NaN, microseconds = Number.NaN] = report.split(" ").map(Number);
      return { megabytes: bytes / 2 ** 20, microseconds };
    };
    const bare = await cost("0");
    const large = await cost("Buffer.alloc(64 * 2 ** 20, 1)");
    expect(bare.megabytes).toBeGreaterThan(10);
    expect(large.megabytes - bare.megabytes).toBeGreaterThan(60);
    expect(large.megabytes - bare.megabytes).toBeLessThan(80);
    // The loop runs until it has used this much processor time, even on a busy machine.
    const busy = await cost("const { cpuUsage } = process; while (cpuUsage().user < 900_000);");
    expect(busy.microseconds).toBeGreaterThanOrEqual(900_000);
  });
});
