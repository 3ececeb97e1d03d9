import { describe, expect, it } from "vitest";
import { DeviceProfiler } from "../../src/index.js";
import { FixtureMachine } from "../../src/testing/index.js";
import { raspberryPis } from "../boards/raspberry-pis.js";

const profile = (environment: Record<string, string>) =>
  new DeviceProfiler({ machine: new FixtureMachine({ ...raspberryPis[3]?.machine, environment }) }).profileInDetail({
    dataPath: "/data",
  });

describe("declared facts", () => {
  it("override facts that are read", async () => {
    const { details } = await profile({
      NANOAGENT_DEVICE_CPU_USABLE_CORES: "2",
      NANOAGENT_DEVICE_CPU_MODEL: "kiosk board",
      NANOAGENT_DEVICE_THERMAL_IS_THROTTLED: "true",
      NANOAGENT_DEVICE_SYSTEM_CONTAINER: "null",
    });
    const declared = { confidence: "declared" };
    expect(details.cpu.usable_cores).toEqual({ value: 2, source: "NANOAGENT_DEVICE_CPU_USABLE_CORES", ...declared });
    expect(details.cpu.model).toMatchObject({ value: "kiosk board", ...declared });
    expect(details.thermal.is_throttled).toMatchObject({ value: true });
    expect(details.system.container).toMatchObject({ value: null, ...declared });
    expect(details.board.soc).toMatchObject({ value: "Broadcom BCM2712", confidence: "certain" });
  });

  it("can be any fact", async () => {
    for (const [room, facts] of Object.entries((await profile({})).details)) {
      for (const fact of Object.keys(facts)) {
        const name = `NANOAGENT_DEVICE_${room}_${fact}`.toUpperCase();
        const declared = [];
        for (const text of ["1", "true", "somewhere", "battery", "[]"]) {
          const { details } = await profile({ [name]: text });
          const told = (details as unknown as Record<string, Record<string, object>>)[room]?.[fact];
          if (told !== undefined && "source" in told && told.source === name) declared.push(told);
        }
        expect(declared, name).not.toEqual([]);
        expect(declared, name).toEqual(declared.map(() => expect.objectContaining({ confidence: "declared" })));
      }
    }
  });

  it.each([
    ["NANOAGENT_DEVICE_CPU_USABLE_CORES", "many"],
    ["NANOAGENT_DEVICE_CPU_USABLE_CORES", "-1"],
    ["NANOAGENT_DEVICE_POWER_SOURCE", "windmill"],
    ["NANOAGENT_DEVICE_CPU_USABLE_CORES", " "],
    ["NANOAGENT_DEVICE_CPU___PROTO__", "1"],
  ])("are ignored if invalid: %s=%s", async (name, value) => {
    expect((await profile({ [name]: value })).details).toEqual((await profile({})).details);
  });

  it("override fields of the device", async () => {
    const device = await profile({
      NANOAGENT_DEVICE_ID: "kiosk-7",
      NANOAGENT_DEVICE_PLATFORM: "linux-armv7l",
      NANOAGENT_DEVICE_MEMORY_MB: "512",
      NANOAGENT_DEVICE_CPU_CORES: "1",
      NANOAGENT_DEVICE_HAS_GPU: "true",
    });
    expect(device).toMatchObject({
      device_id: "kiosk-7",
      platform: "linux-armv7l",
      memory_mb: 512,
      cpu_cores: 1,
      has_gpu: true,
    });
  });
});
