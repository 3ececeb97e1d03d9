import { describe, expect, it } from "vitest";
import { linuxMeminfo } from "../../src/memory/linux-meminfo.js";
import { FixtureMachine } from "../../src/testing/index.js";

const fieldsOf = async (meminfo: string) =>
  Object.fromEntries(await linuxMeminfo(new FixtureMachine({ files: { "/proc/meminfo": meminfo } })));

describe("linuxMeminfo", () => {
  it("has the fields in bytes", async () => {
    const text =
      "MemTotal:         936104 kB\nMemAvailable:     801560 kB\nActive(anon):       1024 kB\nHugePages_Total:       0\n";
    expect(await fieldsOf(text)).toEqual({
      MemTotal: 936_104 * 1024,
      MemAvailable: 801_560 * 1024,
      "Active(anon)": 1024 * 1024,
    });
  });

  it("ignores lines in another form, and uses the first of two", async () => {
    const text =
      "MemTotal: -1 kB\nMemTotal: 1.5 kB\nMemTotal: 7 MB\nMemTotal:\nMemTotal 7 kB\nMemTotal: 2 kB\r\nMemTotal: 3 kB\n";
    expect(await fieldsOf(text)).toEqual({ MemTotal: 2048 });
  });

  it("is empty if the file cannot be read", async () => {
    expect((await linuxMeminfo(new FixtureMachine())).size).toBe(0);
    const locked = new FixtureMachine({ files: { "/proc/meminfo": { errno: "EACCES" } } });
    expect((await linuxMeminfo(locked)).size).toBe(0);
  });
});
