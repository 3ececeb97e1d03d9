import { type KeyTexts, textsAt } from "./key-texts.js";

const spread = "Spread of the measurement: how far the median is below the best, from 0 to 1.";

const work: KeyTexts = {
  "": "Computation for one token. The speed of a model follows from it.",
  weights_by_type: "Weights in the layers that a token is multiplied with, by storage type.",
  output_weights_by_type:
    "Weights of the output matrix, by storage type. Prompts use it once; each token of a reply uses it.",
  layer_count: "Number of layers.",
  attention: "Attention work, by window length.",
  "attention[].numbers_per_token": "Numbers that a token reads for each earlier token.",
  "attention[].window_tokens": "Length of the attention window, in tokens. Null: the whole context.",
  state_numbers: "Numbers that recurrent layers update with each token.",
};

export const deviceMeasurementTexts: KeyTexts = {
  "": "Speed of a device, as measured. One file in the user's state folder.",
  format: "Version of this format.",
  measured_at: { description: "Time of the newest measurement, ISO 8601 in UTC.", examples: ["2025-06-30T12:00:00Z"] },
  device: "Device at the time of the measurement. A measurement of another device is not used.",
  "device.platform": { description: "Operating system and machine type.", examples: ["linux-aarch64"] },
  "device.cpu_model": "Name of the processor. Null: unknown.",
  "device.cpu_cores": "Number of CPU cores.",
  "device.memory_mb": "RAM, in MB (2^20 bytes).",
  engine_version: "Version of the engine that ran the calibrations. Null: no calibrations.",
  bandwidth: "Memory bandwidth, by number of threads.",
  "bandwidth[].threads": "Threads that read memory together.",
  "bandwidth[].per_second": "Best rate, in bytes per second.",
  "bandwidth[].spread": spread,
  dot_products: "Dot product speed of one thread, by weight type.",
  "dot_products[].type": { description: "Type of the weights, as in model files.", examples: ["q8_0"] },
  "dot_products[].per_second": "Best rate, in weights per second.",
  "dot_products[].spread": spread,
  storage_read: "Read speed of the storage. Null: not measured.",
  "storage_read.per_second": "Best rate, in bytes per second.",
  "storage_read.spread": spread,
  contention: "Share of the processors that other processes used meanwhile, from 0 to 1. Null: unknown.",
  temperature_celsius: "Processor temperature, in degrees Celsius. Null: unknown.",
  "temperature_celsius.before": "Temperature before the measurement.",
  "temperature_celsius.after": "Temperature after the measurement.",
  calibrations: "Measured speeds of models. Forecasts for other models are based on them.",
  "calibrations[].model": "Identifier of the model.",
  "calibrations[].type": { description: "Type of most of the model's weights.", examples: ["q4_0"] },
  ...textsAt("calibrations[].work", work),
  "calibrations[].threads": "Threads that the engine used.",
  "calibrations[].context_tokens": "Tokens in the context during the measurement.",
  "calibrations[].prefill_tokens_per_second": "Speed of reading a prompt, in tokens per second.",
  "calibrations[].decode_tokens_per_second": "Speed of writing a reply, in tokens per second.",
  thread_trials: "Written by earlier versions. Not used.",
};
