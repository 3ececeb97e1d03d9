import { NanoAgentError } from "@nanoagent/models";
import { describe, expect, it } from "vitest";
import { MachineReadError } from "../src/index.js";

describe("MachineReadError", () => {
  it("has a stable code, the system's error code and a reason in words", () => {
    const error = new MachineReadError("/proc/meminfo", "EACCES");
    expect(NanoAgentError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ path: "/proc/meminfo", errno: "EACCES" });
    expect(error.toJSON()).toEqual({
      name: "MachineReadError",
      code: "machine-read",
      message: "Cannot read /proc/meminfo: EACCES.",
      reason: "This user has no permission to read it.",
      hint: null,
    });
  });

  it("has no reason for an unknown error code", () => {
    expect(new MachineReadError("/x", "EWEIRD").reason).toBeNull();
    expect(new MachineReadError("/x", "constructor").reason).toBeNull();
  });
});
