import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type DeviceReading, LocalMachine, watchDevice } from "../src/index.js";
import { FixtureMachine } from "../src/testing/index.js";
import { containers } from "./boards/containers.js";
import { CountingMachine } from "./boards/counting-machine.js";
import { personalComputers } from "./boards/personal-computers.js";

/** Returns the first readings of a watch and ends it. */
async function readings(count: number, machine = new FixtureMachine(personalComputers[1]?.machine)) {
  const seen: DeviceReading[] = [];
  const watch = watchDevice({
    machine,
    everyMs: 100,
    onReading: (reading) => {
      seen.push(reading);
      if (seen.length === count) watch.stop();
    },
  });
  await watch.ended;
  return seen;
}

describe("watchDevice", () => {
  it("reports memory, temperature and power", async () => {
    expect((await readings(1))[0]).toEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      available_bytes: 21_000_000 * 1024,
      limit_bytes: null,
      memory_pressure_percent: null,
      temperature_celsius: 71,
      is_throttled: true,
      power_source: "battery",
    });
  });

  it("reports the memory that is left under the effective limit", async () => {
    const [reading] = await readings(1, new FixtureMachine(containers[0]?.machine));
    expect(reading).toMatchObject({
      available_bytes: 206 * 2 ** 20,
      limit_bytes: 256 * 2 ** 20,
      temperature_celsius: null,
      power_source: null,
    });
  });

  it("makes few reads, and reads temperature and power rarely", async () => {
    const machine = new CountingMachine(new FixtureMachine(personalComputers[1]?.machine));
    let atFirst = 0;
    let count = 0;
    const watch = watchDevice({
      machine,
      everyMs: 100,
      onReading: () => {
        count++;
        if (count === 1) atFirst = machine.calls;
        if (count === 6) watch.stop();
      },
    });
    await watch.ended;
    expect((machine.calls - atFirst) / 5).toBeLessThanOrEqual(16);
  });

  it("ends for good when it is stopped", async () => {
    const stop = new AbortController();
    let count = 0;
    const watch = watchDevice({ everyMs: 100, signal: stop.signal, onReading: () => count++ });
    while (count < 2) await sleep(20);
    stop.abort();
    await watch.ended;
    const atEnd = count;
    await sleep(350);
    expect(count).toBe(atEnd);
    watch.stop();
    const never = watchDevice({ signal: stop.signal, onReading: () => count++ });
    await never.ended;
    expect(count).toBe(atEnd);
  });

  it("ends with an error from its listener", async () => {
    const failing = () => {
      throw new Error("no room for it");
    };
    await expect(watchDevice({ onReading: failing }).ended).rejects.toThrow("no room for it");
  });

  it("never starts a reading before the previous one has ended", async () => {
    let underWay = 0;
    let most = 0;
    class SlowMachine extends LocalMachine {
      override async readText(name: string, maxBytes?: number): Promise<string> {
        if (name === "/proc/meminfo") {
          underWay++;
          most = Math.max(most, underWay);
          await sleep(250);
          underWay--;
        }
        return super.readText(name, maxBytes);
      }
    }
    let count = 0;
    const watch = watchDevice({
      machine: new SlowMachine(),
      everyMs: 100,
      onReading: () => {
        if (++count === 3) watch.stop();
      },
    });
    await watch.ended;
    expect(most).toBe(1);
  });
});
