import { mkdtempSync, rmSync } from "node:fs";
import Module from "node:module";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeEach, expect, vi } from "vitest";

// `pnpm test:soak` runs every property in full; `npm test` a tenth of it.
fc.configureGlobal({ numRuns: process.env.NANOAGENT_SOAK ? 1000 : 100 });

// Node 20 reads these certificates at every start, which then takes three times as long. Only what installs packages
// asks the network for anything.
if (!/packages.(cli.test.workspace|bench)./.test(expect.getState().testPath ?? "")) {
  delete process.env.NODE_EXTRA_CA_CERTS;
}

// Package managers name their own folder here, where a program under test would find packages that its user lacks.
delete process.env.NODE_PATH;
(Module as unknown as { _initPaths?: () => void })._initPaths?.();

// What agents of other tests, and of whoever works on this machine, were promised of its memory is none of a test's.
const runtimeFolder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-test-run-"));
process.env.XDG_RUNTIME_DIR = runtimeFolder;
afterAll(() => rmSync(runtimeFolder, { recursive: true, force: true }));

// A library that writes to the console speaks in its user's terminal without being asked.
beforeEach(() => {
  for (const method of ["log", "info", "warn", "error", "debug"] as const) vi.spyOn(console, method);
});

afterEach(() => {
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    expect(console[method], `console.${method} was called`).not.toHaveBeenCalled();
  }
  vi.restoreAllMocks();
});
