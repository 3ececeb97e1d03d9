import { writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { ServiceHost, type ServiceHostParts } from "../../src/serve/service-host.js";
import { makeFolder } from "./served-program.js";

interface FakeService {
  /** Whether the old agent, the new one, and the old one after it reach their broker. */
  readonly connected: { readonly old: boolean; readonly next: boolean; readonly again?: boolean };
  /** Code of a fault of the new agent. */
  readonly fault?: string;
}

/** Changes the agent of a service, and returns the steps that were taken and the error. */
async function change({ connected, fault }: FakeService) {
  const file = path.join(makeFolder(), "agent.yaml");
  writeFileSync(file, "spec: {name: shed}\n");
  const taken: string[] = [];
  let state: { connected: boolean; fault?: string | undefined } = { connected: connected.old };
  const server = {
    status: async () => ({
      url: null,
      mqtt: { connected: state.connected },
      health: { reasons: state.fault === undefined ? [] : [{ code: state.fault, message: "It broke" }] },
    }),
  };
  const reloader = {
    tellNotices: () => {},
    update: (work: (agent: unknown) => Promise<void>) =>
      work({
        config: { spec: { name: "shed" } },
        replace: async (next: () => Promise<unknown>) => {
          await next();
          const isBack = taken.at(-1) === "back";
          state = isBack ? { connected: connected.again ?? connected.old } : { connected: connected.next, fault };
          return true;
        },
      }),
  };
  const host = new ServiceHost({
    server,
    reloader,
    values: { config: file },
    streams: {
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      stop: new AbortController().signal,
    },
    log: { write: () => {} },
    systemd: null,
    releases: { models: null, prove: async () => null },
    connectMilliseconds: 1000,
  } as unknown as ServiceHostParts);
  const steps = {
    prove: async () => void taken.push("prove"),
    moveOn: async () => void taken.push("on"),
    moveBack: async () => void taken.push("back"),
  };
  const error = await host.change?.(steps, new AbortController().signal).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { taken, error };
}

describe("an agent that an update replaces", () => {
  test("stays when it reaches its broker", async () => {
    const { taken, error } = await change({ connected: { old: true, next: true } });
    expect([taken, error]).toEqual([["prove", "on"], null]);
  });

  test("stays without its broker if the old agent had none either", async () => {
    const { taken, error } = await change({ connected: { old: false, next: false } });
    expect([taken, error]).toEqual([["prove", "on"], null]);
  });

  test("goes when only the old one reaches the broker", async () => {
    const { taken, error } = await change({ connected: { old: true, next: false } });
    expect(taken).toEqual(["prove", "on", "back"]);
    expect(error).toMatchObject({
      code: "bundle-failed",
      reason: "It did not reach its broker within 1 seconds.",
      hint: "Compare mqtt of the config with that of the old release.",
    });
  });

  test("goes without a judgement when neither reaches the broker", async () => {
    const { taken, error } = await change({ connected: { old: true, next: false, again: false } });
    expect(taken).toEqual(["prove", "on", "back"]);
    expect(error).toMatchObject({ code: "update-undecided" });
  });

  test.each(["engine-failed", "trigger-failing"])("goes after %s", async (fault) => {
    const { taken, error } = await change({ connected: { old: true, next: true }, fault });
    expect(taken).toEqual(["prove", "on", "back"]);
    expect(error).toMatchObject({ code: "bundle-failed", reason: "It broke." });
  });
});
