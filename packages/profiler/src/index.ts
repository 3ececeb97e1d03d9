export { DeviceProfiler, type DeviceProfilerOptions, type ProfileInDetailOptions } from "./device-profiler.js";
export { DeviceMemoryProbe, type DeviceMemoryProbeOptions } from "./memory/device-memory-probe.js";
export { MEMORY_CONTROLLER_OFF } from "./memory/is-memory-controller-off.js";
export {
  type ProcessMemory,
  type ReadProcessMemoryOptions,
  readProcessMemory,
} from "./memory/read-process-memory.js";
export { findMemoryCgroup, type MemoryCgroup } from "./memory/find-memory-cgroup.js";
export { readMajorFaults } from "./memory/read-major-faults.js";
export { countUsableCores } from "./cpu/count-cores.js";
export { readCpuFeatures } from "./cpu/read-cpu-features.js";
export { LocalMachine } from "./local-machine.js";
export { DEFAULT_MAX_READ_BYTES, type Machine } from "./machine.js";
export { MachineReadError } from "./machine-read-error.js";
export type {
  MeasureDeviceOptions,
  MeasuredDevice,
  MeasuredFigures,
  MeasureProgress,
} from "./measure/device-measuring.js";
export { measureDevice } from "./measure/measure-device.js";
export {
  type MeasuredPart,
  type MeasurementStoreOptions,
  measurementPath,
  readDeviceMeasurement,
  type StoredMeasurement,
  writeDeviceMeasurement,
} from "./measure/measurement-store.js";
export { MeasurementError } from "./measure/measurement-error.js";
export { recordMachine } from "./recording/record-machine.js";
export {
  type DeviceReading,
  type DeviceWatch,
  readDevice,
  type WatchDeviceOptions,
  watchDevice,
} from "./watch-device.js";
