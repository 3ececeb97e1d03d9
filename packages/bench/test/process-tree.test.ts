import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { cpuMillisecondsOfTree, followTree, freezeTree } from "../src/engine/process-tree.mjs";

const BURNT_MILLISECONDS = 200;
/** Processor time that the kernel may not have counted yet, in milliseconds. */
const ROUNDING_MILLISECONDS = 20;

/** Uses processor time, reports it, and continues to run. */
const burn = `while (process.cpuUsage().user < ${BURNT_MILLISECONDS * 1000});
process.stdout.write("burnt");
setInterval(() => {}, 1000);`;
const parent = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(burn)}], { stdio: "inherit" });`;

describe.skipIf(process.platform !== "linux")("processor time of a process with its descendants", () => {
  it("counts the processor time of a child, with all three functions", async () => {
    const child = spawn(process.execPath, ["-e", parent], { stdio: ["ignore", "pipe", "inherit"] });
    const followed = followTree(child.pid ?? 0);
    await once(child.stdout, "data");
    const least = BURNT_MILLISECONDS - ROUNDING_MILLISECONDS;
    expect(cpuMillisecondsOfTree(child.pid ?? 0)).toBeGreaterThan(least);
    expect(followed.stop()).toBeGreaterThan(least);
    const frozen = freezeTree(child.pid ?? 0);
    frozen.kill();
    expect(frozen.cpuMilliseconds).toBeGreaterThan(least);
    await once(child, "close");
  });

  it("is zero for a process that does not exist", async () => {
    const child = spawn(process.execPath, ["-e", "0"], { stdio: "ignore" });
    await once(child, "close");
    expect(cpuMillisecondsOfTree(child.pid ?? 0)).toBe(0);
  });
});
