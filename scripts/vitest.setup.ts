import fc from "fast-check";
import { afterEach, beforeEach, expect, vi } from "vitest";

// `pnpm test:soak` runs every property in full; `npm test` a tenth of it.
fc.configureGlobal({ numRuns: process.env.NANOAGENT_SOAK ? 1000 : 100 });

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
