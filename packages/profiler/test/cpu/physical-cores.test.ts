import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCpuDetails } from "../../src/cpu/read-cpu-details.js";
import { FixtureMachine } from "../../src/testing/fixture-machine.js";

const CPU = "/sys/devices/system/cpu";

interface Chip {
  packages: number;
  dies: number;
  cores: number;
  threads: number;
  /** Numbers of the offline processors. */
  off: readonly number[];
  hasTopology: boolean;
}

/**
 * Builds a machine. As in the kernel, core numbers restart in each die, and second threads come after all first ones.
 */
function machineOf({ packages, dies, cores, threads, off, hasTopology }: Chip) {
  const physical = packages * dies * cores;
  const online = Array.from({ length: physical * threads }, (_, number) => number).filter((n) => !off.includes(n));
  const files: Record<string, string> = { [`${CPU}/online`]: `${online.join(",")}\n` };
  const cpuinfo: string[] = [];
  for (const number of online) {
    const core = number % physical;
    const siblings = online.filter((other) => other % physical === core);
    if (hasTopology) files[`${CPU}/cpu${number}/topology/thread_siblings_list`] = `${siblings.join(",")}\n`;
    const ids = `physical id\t: ${Math.floor(core / (dies * cores))}\ncore id\t\t: ${core % cores}\n`;
    cpuinfo.push(`processor\t: ${number}\nmodel name\t: A processor\n${ids}`);
  }
  files["/proc/cpuinfo"] = cpuinfo.join("\n");
  const machine = new FixtureMachine({ cpuCount: online.length, files, machineType: "x86_64" });
  return { machine, physical: new Set(online.map((number) => number % physical)).size };
}

test("a certain core count is right for any packages, dies, threads and offline processors", async () => {
  const chip = fc.record({
    packages: fc.integer({ min: 1, max: 2 }),
    dies: fc.integer({ min: 1, max: 4 }),
    cores: fc.integer({ min: 1, max: 8 }),
    threads: fc.integer({ min: 1, max: 4 }),
    off: fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { maxLength: 5 }),
    hasTopology: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(chip, async (shape) => {
      const { machine, physical } = machineOf(shape);
      const { physical_cores: fact } = await readCpuDetails(machine);
      if ("value" in fact && fact.confidence === "certain") expect(fact.value).toBe(physical);
      if (shape.hasTopology && physical <= 16) expect(fact).toMatchObject({ value: physical, confidence: "certain" });
    }),
  );
});

describe("the name of a processor", () => {
  test.each([
    ["x86_64", "processor\t: 0\nmodel name\t: Intel(R) N100\n", "Intel(R) N100"],
    ["loongarch64", "system type\t: generic\n\nprocessor\t: 0\nModel Name\t: Loongson-3A5000\n", "Loongson-3A5000"],
    [
      "ppc64le",
      "processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\n",
      "POWER9 (architected), altivec supported",
    ],
    ["s390x", "vendor_id       : IBM/S390\nprocessor 0: version = FF,  identification = 1,  machine = 3931\n", "3931"],
    ["riscv64", "processor\t: 0\nisa\t: rv64imafdc\nuarch\t: sifive,u74-mc\n", "sifive,u74-mc"],
    ["mips64", "system type\t: x\ncpu model\t\t: Loongson-3 V0.4\n", "Loongson-3 V0.4"],
  ])("%s", async (machineType, cpuinfo, name) => {
    const machine = new FixtureMachine({ machineType, files: { "/proc/cpuinfo": cpuinfo } });
    expect((await readCpuDetails(machine)).model).toMatchObject({ value: name });
  });
});
