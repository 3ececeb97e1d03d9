import { mkdtempSync, rmSync } from "node:fs";
import Module from "node:module";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeEach, expect, vi } from "vitest";

// `pnpm test:soak` runs properties ten times as often as `npm test`.
fc.configureGlobal({ numRuns: process.env.NANOAGENT_SOAK ? 1000 : 100 });

// Node 20 reads these certificates at every start, which then takes three times as long. Only tests that install
// packages need them.
if (!/packages.(cli.test.workspace|bench)./.test(expect.getState().testPath ?? "")) {
  delete process.env.NODE_EXTRA_CA_CERTS;
}

// Package managers set this to their own folder, where tested programs would find packages that users do not have.
delete process.env.NODE_PATH;
(Module as unknown as { _initPaths?: () => void })._initPaths?.();

// Keeps memory reservations of other tests, and of agents on this machine, out of a test.
const runtimeFolder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-test-run-"));
process.env.XDG_RUNTIME_DIR = runtimeFolder;
afterAll(() => rmSync(runtimeFolder, { recursive: true, force: true }));

// A library must not write to the console.
beforeEach(() => {
  for (const method of ["log", "info", "warn", "error", "debug"] as const) vi.spyOn(console, method);
});

afterEach(() => {
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    expect(console[method], `console.${method} was called`).not.toHaveBeenCalled();
  }
  vi.restoreAllMocks();
});
