import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import {
  type DeclaredDetails,
  type DeclaredDetailsInput,
  type DeviceDetails,
  deviceDetailsSource,
} from "./device-details.js";
import { optionalPart, positiveInteger } from "./field-types.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Computer that an agent runs on. */
export interface EdgeDevice {
  device_id: string;
  /** System and machine type: `linux-aarch64`, `windows-amd64`. */
  platform: string;
  /** RAM, in MB (2^20 bytes). */
  memory_mb: number;
  cpu_cores: number;
  has_gpu: boolean;
  /** More facts about the device. */
  details?: DeclaredDetails | undefined;
}

/** Device with all facts that the profiler found. */
export interface ProfiledDevice extends EdgeDevice {
  details: DeviceDetails;
}

export interface EdgeDeviceInput {
  device_id: string;
  platform: string;
  memory_mb: number;
  cpu_cores: number;
  has_gpu?: boolean | undefined;
  details?: DeclaredDetailsInput | undefined;
}

export const edgeDeviceSource = whenFirstUsed(() =>
  z.strictObject({
    device_id: z.string().check(z.minLength(1)),
    platform: z.string().check(z.minLength(1)),
    memory_mb: positiveInteger(),
    cpu_cores: positiveInteger(),
    has_gpu: z._default(z.boolean(), false),
    details: optionalPart(deviceDetailsSource),
  }),
);

export const EdgeDevice: Schema<EdgeDeviceInput, EdgeDevice> = defineSchema<EdgeDeviceInput, EdgeDevice>(
  edgeDeviceSource,
);
