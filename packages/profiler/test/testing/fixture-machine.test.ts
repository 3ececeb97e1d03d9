import { describe, expect, it } from "vitest";
import { FixtureMachine } from "../../src/testing/index.js";
import { contractFiles, expectFault, testMachineContract } from "../machine-contract.js";

describe("FixtureMachine", () => {
  testMachineContract(() => ({
    machine: new FixtureMachine({
      files: Object.fromEntries(Object.entries(contractFiles).map(([path, text]) => [`/root/${path}`, text])),
    }),
    root: "/root",
  }));

  it("is an empty Linux machine with unknown memory by default", async () => {
    const machine = new FixtureMachine();
    expect(machine).toMatchObject({
      platform: "linux",
      machineType: "x86_64",
      environment: {},
      totalMemoryBytes: 0,
      availableMemoryBytes: 0,
      cpuCount: 1,
    });
    expect(await machine.exists("/")).toBe(false);
    await expectFault(machine.readText("/proc/meminfo"), "/proc/meminfo", "ENOENT");
  });

  it("fails with the given errors on files and folders", async () => {
    const machine = new FixtureMachine({
      files: { "/locked": { errno: "EACCES" }, "/folder": { errno: "EIO" }, "/gone": { errno: "ENOENT" } },
    });
    await expectFault(machine.readText("/locked"), "/locked", "EACCES");
    await expectFault(machine.listDirectory("/folder"), "/folder", "EIO");
    expect(await machine.exists("/locked")).toBe(true);
    expect(await machine.exists("/gone")).toBe(false);
  });

  it("has an empty folder for a path that ends in a slash", async () => {
    const machine = new FixtureMachine({ files: { "/empty/": "" } });
    expect(await machine.listDirectory("/empty")).toEqual([]);
    expect(await machine.exists("/empty")).toBe(true);
    await expectFault(machine.readText("/empty"), "/empty", "EISDIR");
  });

  it("supports names of Object.prototype", async () => {
    const machine = new FixtureMachine({ files: { "/a/__proto__/b": "text" } });
    expect(await machine.listDirectory("/a")).toEqual(["__proto__"]);
    expect(await machine.exists("constructor")).toBe(false);
  });

  it("compares paths on win32 case-insensitively, with either slash", async () => {
    const machine = new FixtureMachine({ platform: "win32", files: { "C:\\Windows\\System32\\nvcuda.dll": "MZ" } });
    expect(await machine.exists("c:\\windows\\SYSTEM32\\NVCUDA.DLL")).toBe(true);
    expect(await machine.readText("C:/Windows/System32/nvcuda.dll")).toBe("MZ");
    expect(await machine.listDirectory("c:\\windows")).toEqual(["System32"]);
  });
});
