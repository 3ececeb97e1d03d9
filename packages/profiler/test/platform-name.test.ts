import { describe, expect, it } from "vitest";
import { platformName } from "../src/platform-name.js";

describe("platformName", () => {
  it.each([
    ["linux", "aarch64", "linux-aarch64"],
    ["linux", "arm64", "linux-aarch64"],
    ["linux", "armv7l", "linux-armv7l"],
    ["linux", "x86_64", "linux-x86_64"],
    ["linux", "riscv64", "linux-riscv64"],
    ["android", "aarch64", "linux-aarch64"],
    ["darwin", "arm64", "darwin-arm64"],
    ["darwin", "x86_64", "darwin-x86_64"],
    ["win32", "x86_64", "windows-amd64"],
    ["win32", "arm64", "windows-arm64"],
    ["win32", "i686", "windows-x86"],
    ["freebsd", "amd64", "freebsd-amd64"],
    ["linux", "", "linux-unknown"],
    ["", " ", "unknown-unknown"],
    ["constructor", "__proto__", "constructor-__proto__"],
  ])("%s on %s is %s", (platform, machineType, expected) => {
    expect(platformName({ platform, machineType })).toBe(expected);
  });
});
