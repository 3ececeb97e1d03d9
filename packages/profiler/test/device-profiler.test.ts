import { EdgeDevice } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../../scripts/any-text.js";
import { DeviceProfiler, type Machine, MachineReadError } from "../src/index.js";
import { type FixtureFile, FixtureMachine, type FixtureMachineContents } from "../src/testing/index.js";

const gib = 2 ** 30;
const meminfo = (totalKib: number | string) =>
  `MemTotal:       ${totalKib} kB\nMemFree:          204800 kB\nMemAvailable:     307200 kB\n`;
const device = (platform: string, cpu_cores: number, memory_mb: number, has_gpu: boolean): EdgeDevice => ({
  device_id: `${platform}-${cpu_cores}core`,
  platform,
  memory_mb,
  cpu_cores,
  has_gpu,
});
const profile = (machine: Machine) => new DeviceProfiler({ machine }).profile();
const profileOf = (contents: FixtureMachineContents) => profile(new FixtureMachine(contents));

describe("profile", () => {
  const cases: { of: string; machine: FixtureMachineContents; expected: EdgeDevice }[] = [
    {
      of: "a Raspberry Pi 4",
      machine: {
        machineType: "aarch64",
        cpuCount: 4,
        totalMemoryBytes: 3_981_901_824,
        files: {
          "/proc/meminfo": meminfo(3_888_576),
          "/sys/class/drm/card0/device/uevent": "DRIVER=vc4-drm\n",
          "/sys/class/drm/card1/device/uevent": "DRIVER=v3d\n",
          "/sys/class/drm/version": "drm 1.1.0 20060810\n",
        },
      },
      expected: device("linux-aarch64", 4, 3797, false),
    },
    {
      of: "a Raspberry Pi 3 with 1 GiB",
      machine: { machineType: "aarch64", cpuCount: 4, files: { "/proc/meminfo": meminfo(936_104) } },
      expected: device("linux-aarch64", 4, 914, false),
    },
    {
      of: "an x86 server with an NVIDIA card",
      machine: {
        cpuCount: 64,
        files: {
          "/proc/meminfo": meminfo(125_508_468),
          "/sys/class/drm/card0/device/vendor": "0x1a03\n",
          "/sys/class/drm/card1/device/vendor": "0x10de\n",
          "/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t Tesla T4\n",
          "/dev/nvidia0": { errno: "ENOTSUP" },
        },
      },
      expected: device("linux-x86_64", 64, 122_566, true),
    },
    {
      of: "a machine whose AMD card is hidden",
      machine: {
        cpuCount: 16,
        environment: { ROCR_VISIBLE_DEVICES: "" },
        files: {
          "/proc/meminfo": meminfo(32_768 * 1024),
          "/sys/class/drm/card0/device/vendor": "0x1002\n",
          "/dev/kfd": { errno: "ENOTSUP" },
        },
      },
      expected: device("linux-x86_64", 16, 32_768, false),
    },
    {
      of: "a Jetson",
      machine: {
        machineType: "aarch64",
        cpuCount: 6,
        files: { "/proc/meminfo": meminfo(7_801_972), "/dev/nvhost-gpu": { errno: "ENOTSUP" } },
      },
      expected: device("linux-aarch64", 6, 7619, true),
    },
    {
      of: "Windows with NVIDIA's driver",
      machine: {
        platform: "win32",
        cpuCount: 16,
        totalMemoryBytes: 32 * gib,
        environment: { SystemRoot: "C:\\Windows" },
        files: { "C:\\Windows\\System32\\nvcuda.dll": "MZ" },
      },
      expected: device("windows-amd64", 16, 32_768, true),
    },
    {
      of: "Windows without a GPU driver",
      machine: {
        platform: "win32",
        cpuCount: 4,
        totalMemoryBytes: 8 * gib - 1,
        environment: { SystemRoot: "C:\\Windows" },
      },
      expected: device("windows-amd64", 4, 8191, false),
    },
    {
      of: "an arm64 Mac",
      machine: { platform: "darwin", machineType: "arm64", cpuCount: 10, totalMemoryBytes: 16 * gib },
      expected: device("darwin-arm64", 10, 16_384, true),
    },
    {
      of: "an x64 Mac",
      machine: { platform: "darwin", machineType: "x86_64", cpuCount: 8, totalMemoryBytes: 16 * gib },
      expected: device("darwin-x86_64", 8, 16_384, false),
    },
    {
      of: "Android, which hides its GPUs",
      machine: {
        platform: "android",
        machineType: "aarch64",
        cpuCount: 8,
        totalMemoryBytes: 1,
        files: { "/proc/meminfo": meminfo(5_667_232), "/sys/class/drm": { errno: "EACCES" } },
      },
      expected: device("linux-aarch64", 8, 5534, false),
    },
  ];

  it.each(cases)("of $of", async ({ machine, expected }) => {
    const profiled = await profileOf(machine);
    expect(profiled).toEqual(expected);
    expect(EdgeDevice.parse(profiled)).toEqual(expected);
  });
});

describe("memory_mb", () => {
  const asked: { of: string; file: FixtureFile | null; totalMemoryBytes: number; expected: number }[] = [
    { of: "meminfo", file: meminfo(2048), totalMemoryBytes: gib, expected: 2 },
    { of: "meminfo, rounded down", file: meminfo(3071), totalMemoryBytes: gib, expected: 2 },
    { of: "meminfo, at least 1", file: meminfo(1), totalMemoryBytes: gib, expected: 1 },
    { of: "meminfo with 4 PiB", file: meminfo(2 ** 42), totalMemoryBytes: gib, expected: 2 ** 32 },
    { of: "the OS, meminfo missing", file: null, totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo EACCES", file: { errno: "EACCES" }, totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo EIO", file: { errno: "EIO" }, totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo empty", file: "", totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo garbage", file: "\0\u{1F600}MemTotal kB\n::::\n", totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo cut off", file: "MemTotal:       24683", totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo without MemTotal", file: "MemFree: 12 kB\n", totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo zero", file: meminfo(0), totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo negative", file: meminfo(-5), totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo huge", file: meminfo("9".repeat(30)), totalMemoryBytes: gib, expected: 1024 },
    { of: "the OS, meminfo beyond any number", file: meminfo("9".repeat(400)), totalMemoryBytes: gib, expected: 1024 },
    {
      of: "the OS, MemTotal beyond the read limit",
      file: "x\n".repeat(40_000) + meminfo(2048),
      totalMemoryBytes: gib,
      expected: 1024,
    },
    { of: "the default, OS figure 0", file: null, totalMemoryBytes: 0, expected: 512 },
    { of: "the default, OS figure NaN", file: null, totalMemoryBytes: Number.NaN, expected: 512 },
    { of: "the default, OS figure negative", file: null, totalMemoryBytes: -gib, expected: 512 },
    { of: "the default, OS figure infinite", file: null, totalMemoryBytes: Number.POSITIVE_INFINITY, expected: 512 },
    { of: "the default, OS figure above 4 PiB", file: null, totalMemoryBytes: 2 ** 53, expected: 512 },
  ];

  it.each(asked)("from $of: $expected", async ({ file, totalMemoryBytes, expected }) => {
    const device = await profileOf({ totalMemoryBytes, files: file === null ? {} : { "/proc/meminfo": file } });
    expect(device.memory_mb).toBe(expected);
  });

  it("is the OS figure if /proc is not that of the system", async () => {
    const files = { "/proc/meminfo": meminfo(2048) };
    expect((await profileOf({ platform: "freebsd", totalMemoryBytes: gib, files })).memory_mb).toBe(1024);
  });
});

describe("cpu_cores", () => {
  it.each([
    [4, 4],
    [1, 1],
    [0, 1],
    [-1, 1],
    [2.5, 1],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 1],
  ])("with %d CPUs is %d", async (cpuCount, expected) => {
    const device = await profileOf({ cpuCount });
    expect(device.cpu_cores).toBe(expected);
    expect(device.device_id).toBe(`linux-x86_64-${expected}core`);
  });
});

describe("a failing machine", () => {
  /** Fails every read, with the kinds of errors that a third-party machine can have. */
  class BrokenMachine extends FixtureMachine {
    override async readText(path: string): Promise<string> {
      throw new MachineReadError(path, "EIO");
    }

    override async listDirectory(): Promise<string[]> {
      throw new TypeError("not implemented");
    }
  }

  it("never makes a profile throw", async () => {
    const profiled = await profile(new BrokenMachine({ cpuCount: 2, totalMemoryBytes: gib }));
    expect(profiled).toEqual(device("linux-x86_64", 2, 1024, false));
  });

  it("always has a valid EdgeDevice, whatever its files contain", async () => {
    const text = fc.oneof(
      anyText({ maxLength: 300 }),
      fc.constantFrom("", "\0", "\n", "constructor", "0x10de", "__proto__"),
      fc
        .tuple(
          fc.constantFrom("MemTotal", "MemFree", ""),
          fc.constantFrom(":", " :", ""),
          fc.bigInt(),
          fc.constantFrom(" kB", " MB", ""),
        )
        .map(([name, colon, value, unit]) => `${name}${colon} ${value}${unit}\n`),
    );
    const fault = fc.constantFrom("EACCES", "EIO", "EINVAL", "ENOENT", "EISDIR", "ENODATA").map((errno) => ({ errno }));
    const paths = fc.constantFrom(
      "/proc/meminfo",
      "/sys/class/drm",
      "/sys/class/drm/card0",
      "/sys/class/drm/card0/device/vendor",
      "/sys/class/drm/card1/device/vendor",
      "/proc/driver/nvidia/gpus",
      "/dev/nvidia0",
      "/dev/kfd",
      "C:\\Windows\\System32",
      "C:\\Windows\\System32\\amdhip64_6.dll",
    );
    const contents = fc.record({
      platform: fc.oneof(fc.constantFrom("linux", "android", "win32", "darwin"), fc.string()),
      machineType: fc.oneof(fc.constantFrom("x86_64", "aarch64", "arm64"), fc.string()),
      files: fc.dictionary(paths, fc.oneof(text, fault)),
      environment: fc.dictionary(
        fc.constantFrom("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "SystemRoot"),
        fc.string(),
      ),
      totalMemoryBytes: fc.oneof(fc.double(), fc.integer()),
      cpuCount: fc.oneof(fc.double(), fc.integer()),
    });
    await fc.assert(
      fc.asyncProperty(contents, async (machine) => {
        const device = await profileOf(machine);
        expect(EdgeDevice.parse(device)).toEqual(device);
        expect(device.device_id).toBe(`${device.platform}-${device.cpu_cores}core`);
      }),
    );
  });
});

describe("this machine", () => {
  it("has a profile", async () => {
    const device = await new DeviceProfiler().profile();
    expect(EdgeDevice.parse(device)).toEqual(device);
    expect(await new DeviceProfiler({}).profile()).toEqual(device);
  });

  it.skipIf(process.platform !== "linux")("has the platform of uname", async () => {
    const { execFileSync } = await import("node:child_process");
    const machineType = execFileSync("uname", ["-m"], { encoding: "utf8" }).trim();
    expect((await new DeviceProfiler().profile()).platform).toBe(`linux-${machineType}`);
  });
});
