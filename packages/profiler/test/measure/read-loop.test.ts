import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { kernelModule } from "../../src/measure/kernel-module.js";
import { CHUNK_BYTES } from "../../src/measure/plan-measurement.js";
import { timeKernel } from "../../src/measure/time-kernel.js";
import { webAssembly } from "../../src/measure/web-assembly.js";

const isLong = Boolean(process.env.NANOAGENT_SOAK);
const compilers = { "-O3": ["-O3"], ...(isLong && { "-O3 -march=native": ["-O3", "-march=native"] }) };
/** Bytes to read, larger than any cache. Both loops read the same amount in the same way. */
const BYTES = 128 * 2 ** 20;
const [SECONDS, ROUNDS] = isLong ? [2, 10] : [0.3, 2];

const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-read-loop-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hasCompiler = process.platform === "linux" && spawnSync("cc", ["--version"]).status === 0;
const hasMemory = os.freemem() > 8 * BYTES;

describe.skipIf(!hasCompiler || !hasMemory)("memory bandwidth compared with a loop in C", () => {
  describe.each(Object.entries(compilers))("compiled with %s", (name, flags) => {
    const program = path.join(folder, `read-loop${flags.join("")}`);
    const isCompiled =
      hasCompiler &&
      spawnSync("cc", [...flags, "-pthread", "-o", program, path.join(import.meta.dirname, "read-loop.c")]).status ===
        0;

    it.skipIf(!isCompiled).each([1, 2])(
      "is of the same magnitude with %d threads",
      async (threads) => {
        const bytesPerThread = BYTES / threads;
        let [inC, here] = [0, 0];
        // Alternating, because the load of the machine changes.
        for (let round = 0; round < ROUNDS; round++) {
          const windows = String(Math.round(SECONDS / 0.02));
          inC = Math.max(inC, Number(execFileSync(program, [String(bytesPerThread), String(threads), windows])));
          const { per_second } = await timeKernel(readingOf(bytesPerThread), { threads, seconds: SECONDS });
          here = Math.max(here, per_second);
        }
        const ratio = here / inC;
        process.stdout.write(
          `memory read, ${threads} thread(s): ${gigabytes(here)} here, ${gigabytes(inC)} in C ${name}: ratio ${ratio.toFixed(2)}\n`,
        );
        expect(ratio).toBeGreaterThan(0.25);
        expect(ratio).toBeLessThan(4);
      },
      300_000,
    );
  });
});

function readingOf(memoryBytes: number) {
  return {
    module: new webAssembly.Module(kernelModule()),
    kernel: "sum_words",
    addresses: { step: CHUNK_BYTES, count: memoryBytes / CHUNK_BYTES },
    otherArguments: [CHUNK_BYTES],
    unitsPerCall: CHUNK_BYTES,
    callsPerLook: 1,
    memoryBytes,
  };
}

function gigabytes(perSecond: number): string {
  return `${(perSecond / 1e9).toFixed(1)} GB/s`;
}
