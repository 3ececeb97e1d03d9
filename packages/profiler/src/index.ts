export { DeviceProfiler, type DeviceProfilerOptions } from "./device-profiler.js";
export { LocalMachine } from "./local-machine.js";
export { DEFAULT_MAX_READ_BYTES, type Machine } from "./machine.js";
export { MachineReadError } from "./machine-read-error.js";
