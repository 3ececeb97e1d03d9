/** State of the device that a service runs on. Null means unknown. */
export interface DeviceConditions {
  temperature_celsius: number | null;
  /** Whether the processor is slowed down, because it is too hot or lacks power. */
  is_throttled: boolean | null;
  /** Share of the last ten seconds in which tasks waited for memory, in percent. */
  memory_pressure_percent: number | null;
  power_source: "mains" | "battery" | null;
}
