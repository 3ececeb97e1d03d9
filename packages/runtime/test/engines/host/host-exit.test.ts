import { describe, expect, test } from "vitest";
import { describeExit, type HostExit } from "../../../src/engines/host/host-exit.js";

const ended: HostExit = {
  exitCode: null,
  signal: "SIGABRT",
  output: "",
  isLimited: true,
  hasStarted: true,
  start: { command: { nodeFile: process.execPath, hostFile: import.meta.filename ?? "" }, cause: null },
  endedAs: null,
  killedForMemory: false,
};

describe("the end of a host process", () => {
  test.each([
    "RangeError: Array buffer allocation failed",
    "terminate called after throwing an instance of 'std::bad_alloc'",
    "GGML_ASSERT(ctx->mem_buffer != NULL) failed",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    "Error: ENOMEM: not enough memory, read",
    "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 100",
  ])("means out of memory if limits are set and it prints: %s", (output) => {
    expect(describeExit({ ...ended, output }).code).toBe("engine-out-of-memory");
    expect(describeExit({ ...ended, output, isLimited: false }).code).toBe("engine-crashed");
  });

  test("does not blame the budget if no memory could be reserved for code", () => {
    const output = [
      "#",
      "# Fatal process out of memory: Failed to reserve virtual memory for CodeRange",
      "#",
      "----- Native stack trace -----",
      " 1: 0x9dde61  [/usr/bin/node]",
    ].join("\n");
    const error = describeExit({ ...ended, output, signal: "SIGTRAP", hasStarted: false });
    expect(error.code).toBe("engine-unavailable");
    expect(error.message).toContain(`Node ${process.versions.node}`);
    expect(`${error.reason} ${error.hint}`).not.toMatch(/max_memory_mb|0x9dde61|stack trace/);
    expect(error.hint).toMatch(/ulimit -d.*Node 22/);
  });

  test("names the data limit of this program if that is the cause", () => {
    const outer = { ...ended, output: "failed to allocate", outerLimitBytes: 300 * 2 ** 20 };
    const error = describeExit(outer);
    expect(error.code).toBe("engine-out-of-memory");
    expect(error.reason).toContain("data limit (RLIMIT_DATA) of 300 MB");
    expect(error.hint).toMatch(/ulimit -d/);
    expect(error.hint).not.toContain("max_memory_mb");
    expect(describeExit({ ...outer, killedForMemory: true }).hint).toContain("max_memory_mb");
  });

  test("recommends a larger budget only if the device has the memory", () => {
    expect(describeExit({ ...ended, killedForMemory: true }).hint).toMatch(/if the device has memory to spare/);
  });
});
