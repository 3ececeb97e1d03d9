import { describe, expect, it } from "vitest";
import { hasGpu } from "../../src/accelerators/has-gpu.js";
import { FixtureMachine, type FixtureMachineContents } from "../../src/testing/index.js";

type Files = FixtureMachineContents["files"];
type Environment = Record<string, string>;

const card = (vendor: string, number = 0) => ({ [`/sys/class/drm/card${number}/device/vendor`]: `${vendor}\n` });
const nvidia = card("0x10de");
const amd = card("0x1002");
const deviceFile = { errno: "ENOTSUP" };

const linux = (files: Files, environment: Environment = {}) => ({ files, environment });
const windows = (library: string, environment: Environment = {}) => ({
  platform: "win32",
  files: { [library]: "MZ" },
  environment: { SystemRoot: "C:\\Windows", ...environment },
});
const mac = (machineType: string, environment: Environment = {}) => ({ platform: "darwin", machineType, environment });

const noCuda = { CUDA_VISIBLE_DEVICES: "" };
const noRocm = { ROCR_VISIBLE_DEVICES: "" };
const system32 = "C:\\Windows\\System32";

const cases: [of: string, machine: FixtureMachineContents, expected: boolean][] = [
  ["a bare Linux machine", {}, false],
  ["an NVIDIA card", linux(nvidia), true],
  ["an AMD card", linux(amd), true],
  ["an AMD card beside Intel graphics", linux({ ...card("0x8086"), ...card("0x1002", 12) }), true],
  ["Intel graphics", linux(card("0x8086")), false],
  ["an ASPEED display chip", linux(card("0x1a03")), false],
  ["a virtio display", linux(card("0x1af4")), false],
  ["a VideoCore, which has no vendor file", linux({ "/sys/class/drm/card0/device/uevent": "DRIVER=v3d" }), false],
  ["a vendor number that is a name of Object.prototype", linux(card("constructor")), false],
  ["an output without its card", linux({ "/sys/class/drm/card0-HDMI-A-1/device/vendor": "0x10de\n" }), false],
  ["a vendor file that cannot be read", linux({ "/sys/class/drm/card0/device/vendor": { errno: "EIO" } }), false],
  ["a folder of cards that cannot be read", linux({ "/sys/class/drm": { errno: "EACCES" } }), false],
  ["NVIDIA's list of cards", linux({ "/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: T4\n" }), true],
  ["NVIDIA's list without a card", linux({ "/proc/driver/nvidia/gpus/": "" }), false],
  ["NVIDIA's device file", linux({ "/dev/nvidia0": deviceFile }), true],
  ["a Jetson's device file", linux({ "/dev/nvhost-gpu": deviceFile }), true],
  ["AMD's compute device", linux({ "/dev/kfd": deviceFile }), true],

  ["CUDA_VISIBLE_DEVICES=0 alone", linux({}, { CUDA_VISIBLE_DEVICES: "0" }), true],
  ["ROCR_VISIBLE_DEVICES=0 alone", linux({}, { ROCR_VISIBLE_DEVICES: "0" }), true],
  ["a hidden NVIDIA card", linux({ ...nvidia, "/dev/nvidia0": deviceFile }, noCuda), false],
  ["an NVIDIA card hidden by -1", linux(nvidia, { CUDA_VISIBLE_DEVICES: "-1" }), false],
  ["an NVIDIA card hidden by a batch system", linux(nvidia, { CUDA_VISIBLE_DEVICES: "NoDevFiles" }), false],
  ["a hidden AMD card", linux({ ...amd, "/dev/kfd": deviceFile }, noRocm), false],
  ["an AMD card with NVIDIA hidden", linux(amd, noCuda), true],
  ["both cards, NVIDIA hidden", linux({ ...nvidia, ...card("0x1002", 1) }, noCuda), true],
  ["both cards, both hidden", linux({ ...nvidia, ...card("0x1002", 1) }, { ...noCuda, ...noRocm }), false],
  ["NVIDIA hidden and AMD listed", linux({}, { ...noCuda, ROCR_VISIBLE_DEVICES: "0" }), true],

  ["Windows without a driver", windows(`${system32}\\kernel32.dll`), false],
  ["Windows with NVIDIA's driver", windows(`${system32}\\nvcuda.dll`), true],
  ["Windows with NVIDIA's driver, hidden", windows(`${system32}\\nvcuda.dll`, noCuda), false],
  ["Windows with AMD's driver", windows(`${system32}\\amdhip64.dll`), true],
  ["Windows with AMD's newer driver", windows(`${system32}\\amdhip64_6.dll`), true],
  ["Windows with a similarly named file", windows(`${system32}\\amdhip64.dll.bak`), false],
  ["Windows on another drive", windows("D:\\WinNT\\System32\\nvcuda.dll", { SystemRoot: "D:\\WinNT" }), true],
  ["Windows without SystemRoot", windows(`${system32}\\nvcuda.dll`, { SystemRoot: "" }), true],
  ["Linux files of a card on Windows", { ...windows(""), files: nvidia }, false],

  ["an arm64 Mac", mac("arm64"), true],
  ["an arm64 Mac with NVIDIA and AMD hidden", mac("arm64", { ...noCuda, ...noRocm }), true],
  ["an x64 Mac", mac("x86_64"), false],
  ["an unsupported system", { platform: "freebsd", files: nvidia }, false],
];

describe("hasGpu", () => {
  it.each(cases)("%s", async (_, machine, expected) => {
    expect(await hasGpu(new FixtureMachine(machine))).toBe(expected);
  });
});
