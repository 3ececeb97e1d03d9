import { describe, expect, it } from "vitest";
import { DeviceProfiler, LocalMachine, type Machine } from "../../src/index.js";
import { FixtureMachine } from "../../src/testing/index.js";
import {
  cache,
  card,
  cooling,
  cores,
  meminfo,
  renderNode,
  thermalZones,
  usbDevices,
  x86Cpuinfo,
} from "../boards/board.js";
import { CountingMachine } from "../boards/counting-machine.js";

const numbered = <Value>(count: number, value: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => value(index));
const SLICES = ["/user.slice", "/user.slice/user-1000.slice", "/user.slice/user-1000.slice/kiosk.service"];

/** Files of a well-equipped machine. */
const equipment = {
  ...meminfo(32_000_000, 20_000_000),
  ...Object.assign({}, ...numbered(4, (index) => cache(index, Math.max(1, index), "Unified", "512K", "0"))),
  ...Object.assign({}, ...numbered(20, (index) => cooling(index, "Processor", 0))),
  ...Object.assign(
    {},
    ...numbered(2, (index) => ({
      ...card(index, `DRIVER=amdgpu\nPCI_SLOT_NAME=0000:0${index}:00.0`, { vendor: "0x1002" }),
      ...renderNode(index, 128 + index, true),
    })),
  ),
  ...usbDevices(...numbered(8, (index) => `1d6b/${index}/606`)),
  ...Object.fromEntries(
    ["AC/type", "BAT0/type", "BAT1/type", "ucsi/type"].map((file) => [
      `/sys/class/power_supply/${file}`,
      file.startsWith("BAT") ? "Battery\n" : "Mains\n",
    ]),
  ),
  "/proc/self/cgroup": `0::${SLICES[2]}\n`,
  "/proc/self/mountinfo": "30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
  ...Object.fromEntries(SLICES.map((slice) => [`/sys/fs/cgroup${slice}/memory.max`, "max\n"])),
};

async function callsOf(machine: Machine): Promise<number> {
  const counting = new CountingMachine(machine);
  await new DeviceProfiler({ machine: counting }).profileInDetail();
  return counting.calls;
}

describe("the reads of a detailed profile", () => {
  it("are few on a well-equipped laptop", async () => {
    const files = {
      ...equipment,
      ...x86Cpuinfo("GenuineIntel", "13th Gen Intel(R) Core(TM) i9-13900H", "avx2", 20, 10),
      ...cores(numbered(20, () => ({ khz: 5_400_000 }))),
      ...thermalZones(Object.fromEntries(numbered(14, (index) => [`zone${index}`, 40_000]))),
    };
    expect(await callsOf(new FixtureMachine({ cpuCount: 20, files }))).toBeLessThanOrEqual(150);
  });

  it("are at most 100 on this machine", async () => {
    expect(await callsOf(new LocalMachine())).toBeLessThanOrEqual(100);
  });
});
