import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { DeviceProfiler, LocalMachine } from "../src/index.js";
import { FixtureMachine, type FixtureMachineContents } from "../src/testing/index.js";
import { raspberryPis } from "./boards/raspberry-pis.js";

const deep = (contents: FixtureMachineContents, isDeep = true) =>
  new DeviceProfiler({ machine: new FixtureMachine(contents) }).profileInDetail({ dataPath: "/data", deep: isDeep });

const nvidia: FixtureMachineContents = {
  files: {
    "/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA T4\n",
    "/dev/nvidia0": { errno: "ENOTSUP" },
  },
};
const SMI = "nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits";

describe("vendor tools", () => {
  it("report the memory of NVIDIA cards", async () => {
    const { details } = await deep({ ...nvidia, tools: { [SMI]: "Tesla T4, 15360\n" } });
    expect(details.accelerators.gpus).toMatchObject({
      value: [{ name: "Tesla T4", memory_bytes: 15_360 * 2 ** 20 }],
      source: "nvidia-smi",
    });
  });

  it.each(["Orin (nvgpu), [N/A]\n", "Tesla T4, [Not Supported]\n"])(
    "leave an unknown value unknown: %j",
    async (text) => {
      const { details } = await deep({ ...nvidia, tools: { [SMI]: text } });
      expect(details.accelerators.gpus).toMatchObject({ value: [{ memory_bytes: null }] });
    },
  );

  it.each(["", "No devices were found\n", "\0\0", ",".repeat(5000)])(
    "are ignored if their output is invalid: %j",
    async (text) => {
      const { details } = await deep({ ...nvidia, tools: { [SMI]: text, "vcgencmd get_throttled": text } });
      expect(details.accelerators.gpus).toMatchObject({ value: [{ name: "NVIDIA T4", memory_bytes: null }] });
      expect(details.power.is_undervolted).toHaveProperty("error");
    },
  );

  it("report voltage and temperature of a Raspberry Pi if no file does", async () => {
    const board = raspberryPis[1]?.machine;
    const tools = { "vcgencmd get_throttled": "throttled=0x50004\n", "vcgencmd measure_temp": "temp=48.3'C\n" };
    const { details } = await deep({ ...board, tools });
    expect(details.thermal.is_throttled).toMatchObject({ value: true, source: "vcgencmd get_throttled" });
    expect(details.thermal.was_throttled_since_boot).toMatchObject({ value: true });
    // The files of this board contain its temperature and voltage.
    expect(details.thermal.temperature_celsius).toMatchObject({ value: 51.54 });
    expect(details.power.is_undervolted).toMatchObject({ value: false });
  });

  it("do not run by default", async () => {
    const { details } = await deep({ ...nvidia, tools: { [SMI]: "Tesla T4, 15360\n" } }, false);
    expect(details.accelerators.gpus).toMatchObject({ value: [{ memory_bytes: null }] });
  });
});

describe.skipIf(process.platform === "win32")("a tool of this machine", () => {
  const before = process.env.PATH;
  let folder = "";
  afterEach(() => {
    process.env.PATH = before;
    rmSync(folder, { recursive: true, force: true });
  });
  function install(script: string): LocalMachine {
    folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-tools-"));
    writeFileSync(path.join(folder, "vendor-tool"), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(folder, "vendor-tool"), 0o755);
    process.env.PATH = `${folder}:${before}`;
    return new LocalMachine();
  }

  it("runs without the environment variables of this process", async () => {
    process.env.NANOAGENT_TEST_SECRET = "1";
    expect(await install('echo "$1 $NANOAGENT_TEST_SECRET"').runTool("vendor-tool", ["word"])).toBe("word \n");
    delete process.env.NANOAGENT_TEST_SECRET;
  });

  it.each([
    ["hangs", "exec sleep 60", "ETIMEDOUT"],
    ["floods", "exec yes", "EIO"],
    ["fails", "exit 3", "EIO"],
  ])("is an error if it %s", async (_, script, errno) => {
    await expect(install(script).runTool("vendor-tool", [])).rejects.toMatchObject({ errno });
  });

  it("is an error if it does not exist", async () => {
    await expect(new LocalMachine().runTool("no-such-vendor-tool", [])).rejects.toMatchObject({ errno: "ENOENT" });
  });
});
