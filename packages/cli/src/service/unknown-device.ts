/** Stands for this device where a config is read only for its settings, so that nothing is measured. */
export const unknownDevice = {
  device_id: "unknown",
  platform: "unknown",
  memory_mb: 1,
  cpu_cores: 1,
  has_gpu: false,
};
