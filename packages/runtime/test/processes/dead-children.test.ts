import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { countDeadChildren } from "../../src/processes/process-family.js";

test.skipIf(process.platform !== "linux")("dead processes are counted by their parent", async () => {
  // A shell that has become another program does not reap its children.
  const child = spawn("/bin/sh", ["-c", "true & true & true & exec sleep 20"], { stdio: "ignore" });
  try {
    await expect.poll(() => countDeadChildren(child.pid ?? 0), { timeout: 5000 }).toBe(3);
    expect(countDeadChildren(process.pid)).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
});
