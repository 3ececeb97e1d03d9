import { EdgeDevice } from "@nanoagent/models";
import { describe, expect, it } from "vitest";
import { DeviceProfiler } from "../../src/index.js";
import { FixtureMachine } from "../../src/testing/index.js";
import { armBoards } from "./arm-boards.js";
import { containers } from "./containers.js";
import { CountingMachine } from "./counting-machine.js";
import { limitedMemory } from "./limited-memory.js";
import { personalComputers } from "./personal-computers.js";
import { raspberryPis } from "./raspberry-pis.js";

const boards = [...raspberryPis, ...armBoards, ...personalComputers, ...containers, ...limitedMemory];

describe.each(boards)("$name", ({ machine, facts }) => {
  const fixture = new FixtureMachine(machine);
  const profile = () => new DeviceProfiler({ machine: fixture }).profileInDetail({ dataPath: "/data/agent" });

  it.each(Object.entries(facts))("%s is %j", async (name, value) => {
    const [room = "", fact = ""] = name.split(".");
    const { details } = await profile();
    const rooms = details as unknown as Record<string, Record<string, { value?: unknown; error?: string }>>;
    expect(rooms[room]?.[fact]).toMatchObject(value === undefined ? { error: expect.any(String) } : { value });
  });

  it("matches the schema and needs few reads", async () => {
    const counting = new CountingMachine(fixture);
    const device = await new DeviceProfiler({ machine: counting }).profileInDetail({ dataPath: "/data/agent" });
    expect(EdgeDevice.parse(JSON.parse(JSON.stringify(device)))).toEqual(device);
    expect(counting.calls).toBeLessThanOrEqual(100);
  });
});

it("cover every fact as known, and most facts as unknown", async () => {
  const { details } = await new DeviceProfiler({ machine: new FixtureMachine() }).profileInDetail();
  const names = Object.entries(details).flatMap(([room, facts]) => Object.keys(facts).map((fact) => `${room}.${fact}`));
  const proven = boards.flatMap(({ facts }) => Object.keys(facts).filter((name) => facts[name] !== undefined));
  expect(names.filter((name) => !proven.includes(name))).toEqual([]);
});

it("are at least fifteen", () => {
  expect(boards.length).toBeGreaterThanOrEqual(15);
});
