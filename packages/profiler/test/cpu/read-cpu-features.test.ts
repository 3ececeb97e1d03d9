import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../../../scripts/any-text.js";
import { LocalMachine, readCpuFeatures } from "../../src/index.js";
import { type FixtureFile, FixtureMachine, type FixtureMachineContents } from "../../src/testing/index.js";

/**
 * Returns `/proc/cpuinfo` with a line per processor, as written on x86 (`flags\t\t: `), ARM (`Features\t: `) and
 * RISC-V.
 */
const cpuinfo = (name: string, ...lists: string[]) =>
  lists.map((list, number) => `processor\t: ${number}\nmodel name\t: some: thing\n${name}\t: ${list}\n\n`).join("");
const linux = (machineType: string, file: FixtureFile | undefined): FixtureMachineContents => ({
  machineType,
  files: file === undefined ? {} : { "/proc/cpuinfo": file },
});
const x86 = (...lists: string[]) => linux("x86_64", cpuinfo("flags\t", ...lists));
const arm64 = (...lists: string[]) => linux("aarch64", cpuinfo("Features", ...lists));

const MILAN = "fpu vme sse sse2 ssse3 fma cx16 sse4_1 sse4_2 popcnt avx f16c rdrand hypervisor bmi1 avx2 smep vaes";
const SAPPHIRE_RAPIDS = `${MILAN} avx512f avx512bw avx512vl avx512vbmi avx512_vnni avx512_bf16 avx_vnni amx_bf16 amx_tile amx_int8`;
const A53 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid";
const A76 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp";
const A510 = `${A76} sve sve2 i8mm bf16`;

describe("readCpuFeatures", () => {
  it.each<[of: string, machine: FixtureMachineContents, expected: string[] | null]>([
    ["an x86 server", x86(MILAN, MILAN), ["sse4_2", "avx", "f16c", "fma", "avx2"]],
    [
      "one with AVX-512 and AMX",
      x86(SAPPHIRE_RAPIDS),
      [
        ...["sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni"],
        ...["avx512f", "avx512bw", "avx512vl", "avx512vbmi", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"],
      ],
    ],
    ["an old Atom", x86("fpu sse sse2 ssse3"), []],
    [
      "different processors: the common features",
      x86(SAPPHIRE_RAPIDS, MILAN, `${MILAN} avx_vnni`),
      ["sse4_2", "avx", "f16c", "fma", "avx2"],
    ],
    ["a Raspberry Pi 3 or 4", arm64(A53, A53, A53, A53), ["neon", "asimd"]],
    ["a Raspberry Pi 5", arm64(A76, A76), ["neon", "asimd", "asimdhp", "asimddp"]],
    ["big and little cores", arm64(A510, A76), ["neon", "asimd", "asimdhp", "asimddp"]],
    ["newer little cores", arm64(A510), ["neon", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2"]],
    [
      "a 32 bit Raspberry Pi 2",
      linux("armv7l", cpuinfo("Features", "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt")),
      ["neon", "vfpv4"],
    ],
    ["a Raspberry Pi Zero", linux("armv6l", cpuinfo("Features", "half thumb fastmult vfp edsp java tls")), []],
    [
      "an old kernel that lists them once, at the end",
      linux("armv7l", "processor\t: 0\n\nprocessor\t: 1\n\nFeatures\t: swp half neon vfpv4\nHardware\t: sun8i\n"),
      ["neon", "vfpv4"],
    ],
    ["a VisionFive 2", linux("riscv64", cpuinfo("isa\t", "rv64imafdc_zicntr_zicsr_zifencei_zba_zbb")), []],
    ["RISC-V with vectors", linux("riscv64", cpuinfo("isa\t", "rv64imafdcv_zicsr_zvfh")), ["v", "zvfh"]],
    [
      "RISC-V with vectors from before the standard",
      linux("riscv64", cpuinfo("isa\t", "rv64imafdc_xtheadvector_svpbmt")),
      [],
    ],
    ["a LoongArch", linux("loongarch64", cpuinfo("Features", "cpucfg lam ual fpu lsx lasx")), ["lsx", "lasx"]],
    ["a phone", { ...arm64(A76), platform: "android" }, ["neon", "asimd", "asimdhp", "asimddp"]],
    ["an arm64 Mac", { platform: "darwin", machineType: "arm64" }, ["neon", "asimd", "asimdhp", "asimddp"]],
    ["an x64 Mac", { ...x86(MILAN), platform: "darwin" }, null],
    ["Windows", { ...x86(MILAN), platform: "win32" }, null],
    ["ARM emulated on x86, which shows its host", linux("aarch64", cpuinfo("flags\t", MILAN)), null],
    ["a machine type without a known list", linux("s390x", cpuinfo("features", "vx")), null],
    ["no cpuinfo", linux("x86_64", undefined), null],
    ["a locked cpuinfo", linux("x86_64", { errno: "EACCES" }), null],
    ["an empty cpuinfo", linux("x86_64", ""), null],
    ["a cpuinfo without lists", linux("x86_64", "processor\t: 0\n"), null],
    ["names of Object.prototype", x86("constructor __proto__"), []],
  ])("of %s", async (_, machine, expected) => {
    expect(await readCpuFeatures(new FixtureMachine(machine))).toEqual(expected);
  });

  it("ignores a list that is cut by the limit", async () => {
    const step = process.env.NANOAGENT_SOAK ? 7 : 41;
    const many = cpuinfo("flags\t", ...Array<string>(10_000).fill(MILAN));
    expect(many.length).toBeGreaterThan(2 ** 20);
    for (let shift = 0; shift < 200; shift += step) {
      const shifted = linux("x86_64", `${"x".repeat(shift)}\n${many}`);
      expect(await readCpuFeatures(new FixtureMachine(shifted))).toEqual(["sse4_2", "avx", "f16c", "fma", "avx2"]);
    }
  });

  it("returns null or a list without duplicates for any file", async () => {
    const text = fc.oneof(
      anyText(),
      fc
        .array(
          fc.constantFrom("flags", "Features", "isa", ":", " ", "\t", "\n", "rv64", "v", "_", "avx2", "asimd", "\0"),
        )
        .map((parts) => parts.join("")),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("x86_64", "aarch64", "riscv64", "armv7l", ""),
        text,
        async (machineType, file) => {
          const features = await readCpuFeatures(new FixtureMachine(linux(machineType, file)));
          expect(new Set(features).size).toBe(features?.length ?? 0);
        },
      ),
    );
  });

  it.skipIf(process.platform !== "linux" || process.arch !== "x64")("returns flags of this machine", async () => {
    const features = await readCpuFeatures(new LocalMachine());
    const flags = /^flags\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" ") ?? [];
    expect(flags).toEqual(expect.arrayContaining(features ?? ["none"]));
    expect(features?.includes("avx2")).toBe(flags.includes("avx2"));
  });
});
