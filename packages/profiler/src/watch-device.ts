import { knownValue } from "./details/known-value.js";
import { LocalMachine } from "./local-machine.js";
import type { Machine } from "./machine.js";
import { MachineSnapshot } from "./machine-snapshot.js";
import { DeviceMemoryProbe } from "./memory/device-memory-probe.js";
import { onAbort } from "./on-abort.js";
import { readPowerDetails } from "./power/read-power-details.js";
import { readThermalDetails } from "./thermal/read-thermal-details.js";

/** Interval for temperature and power, which change slowly and whose files are slow to read. */
const SLOW_EVERY_MS = 5_000;
const SHORTEST_MS = 100;

/** State of a device at a moment. Null means unknown. */
export interface DeviceReading {
  /** Time of the reading, ISO 8601. */
  at: string;
  /** Memory that is still available under all limits. */
  available_bytes: number;
  limit_bytes: number | null;
  /** Share of the last ten seconds in which tasks waited for memory, in percent. */
  memory_pressure_percent: number | null;
  temperature_celsius: number | null;
  is_throttled: boolean | null;
  power_source: "mains" | "battery" | null;
}

export interface WatchDeviceOptions {
  /**
   * Interval between readings. Default: 1,000, at least 100. Temperature and power are read at most every five seconds.
   */
  everyMs?: number | undefined;
  /**
   * Called with each reading, the first time immediately. An error from it ends the watch and rejects {@link
   * DeviceWatch.ended}.
   */
  onReading: (reading: DeviceReading) => void;
  /** Ends the watch. */
  signal?: AbortSignal | undefined;
  machine?: Machine | undefined;
}

export interface DeviceWatch {
  /** Ends the watch. No further reading follows. */
  stop(): void;
  /** Resolves when the watch has ended. Rejects with the error that `onReading` or a reading threw. */
  readonly ended: Promise<void>;
}

/**
 * Reads the state of a device repeatedly. Readings never overlap, and the watch does not keep the process alive.
 */
export function watchDevice(options: WatchDeviceOptions): DeviceWatch {
  const { onReading, signal, machine = new LocalMachine() } = options;
  const everyMs = Math.max(SHORTEST_MS, options.everyMs ?? 1_000);
  const memory = new DeviceMemoryProbe({ machine });
  const { promise: ended, resolve, reject } = outcome();
  let slow: Slow = { temperature_celsius: null, is_throttled: null, power_source: null };
  let slowReadAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  let stopListening = () => {};

  const stop = () => {
    isStopped = true;
    clearTimeout(timer);
    stopListening();
    resolve();
  };

  const fail = (error: unknown) => {
    reject(error);
    stop();
  };

  const read = async () => {
    if (performance.now() - slowReadAt >= SLOW_EVERY_MS) {
      slow = await readSlow(machine);
      slowReadAt = performance.now();
    }
    const reading = { ...(await readFast(memory)), ...slow };
    if (isStopped) return;
    try {
      onReading(reading);
    } catch (error) {
      return fail(error);
    }
    if (isStopped) return;
    timer = setTimeout(() => read().catch(fail), everyMs);
    timer.unref();
  };

  stopListening = onAbort(signal, stop);
  if (!isStopped) read().catch(fail);
  return { stop, ended };
}

/** Reads the state of a device once. */
export async function readDevice({
  machine = new LocalMachine(),
}: {
  machine?: Machine | undefined;
} = {}): Promise<DeviceReading> {
  const [fast, slow] = await Promise.all([readFast(new DeviceMemoryProbe({ machine })), readSlow(machine)]);
  return { ...fast, ...slow };
}

type Slow = Pick<DeviceReading, "temperature_celsius" | "is_throttled" | "power_source">;

async function readFast(memory: DeviceMemoryProbe): Promise<Omit<DeviceReading, keyof Slow>> {
  const { available_bytes, limit_bytes, pressure_percent } = await memory.read();
  return { at: new Date().toISOString(), available_bytes, limit_bytes, memory_pressure_percent: pressure_percent };
}

async function readSlow(machine: Machine): Promise<Slow> {
  const look = new MachineSnapshot(machine);
  const [thermal, power] = await Promise.all([readThermalDetails(look), readPowerDetails(look)]);
  return {
    temperature_celsius: knownValue(thermal.temperature_celsius),
    is_throttled: knownValue(thermal.is_throttled),
    power_source: knownValue(power.source),
  };
}

function outcome() {
  let resolve = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
