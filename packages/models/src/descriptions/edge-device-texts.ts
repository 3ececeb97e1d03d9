import { deviceDetailsTexts } from "./device-details-texts.js";
import type { KeyTexts } from "./key-texts.js";

/** Keys of a device, without the definitions of its details. */
export const deviceKeyTexts: KeyTexts = {
  "": "A computer that an agent runs on.",
  device_id: { description: "Name of the device, unique among your devices.", examples: ["rpi4-4core"] },
  platform: {
    description: "Operating system and machine type.",
    examples: ["linux-aarch64", "linux-x86_64", "windows-amd64"],
  },
  memory_mb: { description: "RAM of the device, in MB (2^20 bytes).", examples: [512, 4096] },
  cpu_cores: { description: "Number of CPU cores.", examples: [4] },
  has_gpu: "Whether the device has a GPU. No engine uses it yet.",
  details: "More facts about the device, in the form that `nanoagent profile --json` prints.",
};

export const edgeDeviceTexts: KeyTexts = { ...deviceKeyTexts, ...deviceDetailsTexts };
