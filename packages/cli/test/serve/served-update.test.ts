import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { freePort, hasMosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { resultOf, startProgram } from "../run-program.js";
import { startSlowServer } from "../slow-server.js";
import { UpdatedService } from "./updated-service.js";

const canRun = hasMosquitto && process.platform !== "win32";
const TIME_LIMIT_MILLISECONDS = 120_000;

/** A question that an agent without a model answers wrong: it has to call a tool. */
const WRONG = `name: smoke
tools:
  - name: switch_lamp
    description: Switches a lamp on or off.
    parameters: { properties: { room: { type: string, enum: [kitchen] } }, required: [room] }
scenarios:
  - { id: lamp, say: Please do it in the kitchen., expect: [{ tool: switch_lamp, arguments: { room: kitchen } }] }
`;

const patience = { timeout: 60_000, interval: 20 };

async function run(device: UpdatedService, ...args: string[]) {
  const { exitCode, stdout, stderr } = await resultOf(startProgram(args, device.environment));
  return { exitCode, stderr, output: stdout === "" ? null : JSON.parse(stdout.trim().split("\n").at(-1) ?? "") };
}

describe.skipIf(!canRun)("a service of a release (needs mosquitto)", { timeout: TIME_LIMIT_MILLISECONDS }, () => {
  test("applies an offered bundle after its running turns, and says so everywhere", async () => {
    const server = await startSlowServer("one two three");
    const engine = `engine: { type: openai-compatible, url: "${server.url}" }`;
    const device = await UpdatedService.make({ rest: engine });
    const service = await device.start();
    const running = await service.stream("count");
    server.next();
    await running.until(() => running.text === "one ");
    await device.offer(await device.bundle(2, { rest: engine }));
    await service.logged("update-start");
    server.finish();
    await running.ended;
    expect(running).toMatchObject({ text: "one two three", isDone: true, error: null });
    await device.until(2, "applied");
    expect(await device.modelOf()).toBe("shed2");
    expect(await device.current()).toBe(2);
    expect(device.told.map(({ state }) => state)).not.toContain("refused");
    const { output } = await run(device, "status", "--json");
    expect(output.services[0].release).toMatchObject({
      bundle: { name: "kiosk", version: "1.2.0", sequence: 2 },
      update: { sequence: 2, state: "applied", reason: null },
    });
    expect(await service.end()).toBe(143);
  });

  test("goes back when the new agent fails its questions, in a few seconds", async () => {
    const device = await UpdatedService.make();
    const service = await device.start();
    await device.offer(await device.bundle(2, { files: { "smoke.yaml": WRONG } }));
    const { reason } = await device.until(2, "rolled-back");
    expect(reason).toContain("smoke questions were answered right");
    expect(await device.modelOf()).toBe("shed");
    expect(await service.say("hello")).toContain("shed");
    expect(await device.current()).toBe(1);
    await service.end();
  });

  test.each([
    ["without a broker", { mqtt: "", fleet: "" }, "The config has no mqtt"],
    ["without a fleet", { fleet: "" }, "The config has no fleet"],
    ["with another ID", { fleet: "fleet: { id: other }" }, "ID other instead of kiosk"],
    ["that trusts no keys", { fleet: "fleet: { id: kiosk }" }, "trusts no keys in fleet.trust"],
    ["with an address of another machine", { rest: "serve: { host: 192.0.2.1 }" }, "does not have the address"],
    ["with a config of another name", { configName: "agent.json" }, "The service reads agent.yaml"],
    ["with an error", { rest: "tools: [{ name: t, description: d, command: [no-such-program] }]" }, "no-such-program"],
  ])("refuses a bundle %s, and its agent stays", async (_, contents, reason) => {
    const device = await UpdatedService.make();
    const service = await device.start();
    await device.offer(await device.bundle(2, contents));
    expect((await device.until(2, "refused")).reason).toContain(reason);
    expect(service.log.map(({ event }) => event)).not.toContain("update-start");
    expect(await device.modelOf()).toBe("shed");
    await service.end();
  });

  test("applies and rolls back bundles of nanoagent bundle through its socket", async () => {
    const device = await UpdatedService.make();
    const service = await device.start();
    const [root, trust] = [device.root, device.trust];
    const second = await device.bundle(2);
    const applied = await run(device, "bundle", "apply", second, "--root", root, "--trust", trust, "--json");
    expect(applied).toMatchObject({ exitCode: 0, output: { state: "applied", current: 2 } });
    expect(await device.modelOf()).toBe("shed2");
    const again = await run(device, "bundle", "apply", second, "--root", root, "--trust", trust, "--json");
    expect(again).toMatchObject({ exitCode: 0, output: { state: "current" } });
    const bad = await device.bundle(3, { files: { "smoke.yaml": WRONG } });
    const failed = await run(device, "bundle", "apply", bad, "--root", root, "--trust", trust, "--json");
    expect(failed).toMatchObject({ exitCode: 1, output: { state: "rolled-back", current: 2 } });
    const back = await run(device, "bundle", "rollback", "--root", root, "--json");
    expect(back).toMatchObject({ exitCode: 0, output: { state: "applied", current: 1 } });
    expect(await device.modelOf()).toBe("shed");
    await device.until(1, "applied");
    await service.end();
  });

  test("a reload that is asked for meanwhile follows the update", async () => {
    const device = await UpdatedService.make();
    const service = await device.start();
    await device.offer(await device.bundle(2));
    await service.logged("update-start");
    service.child.kill("SIGHUP");
    await device.until(2, "applied");
    await service.logged("reload-end");
    expect(await device.modelOf()).toBe("shed2");
    expect(await service.end()).toBe(143);
  });

  test("SIGTERM during an update gives it up, and the next start carries it out", async () => {
    const device = await UpdatedService.make();
    const service = await device.start();
    await device.offer(await device.bundle(2));
    await service.logged("update-start");
    expect(await service.end()).toBe(143);
    expect(await device.current()).toBe(1);
    await device.start();
    await device.until(2, "applied");
    expect(await device.modelOf()).toBe("shed2");
    await device.service?.end();
  });

  test("an update whose questions hang ends by Ctrl-C or the withdrawal of its offer, and the old agent comes back", async () => {
    const server = await startSlowServer("never");
    const device = await UpdatedService.make();
    const service = await device.start();
    const rest = `engine: { type: openai-compatible, url: "${server.url}" }`;
    const file = await device.bundle(2, { rest, files: { "smoke.yaml": WRONG } });
    const byHand = startProgram(
      ["bundle", "apply", file, "--root", device.root, "--trust", device.trust],
      device.environment,
    );
    const ended = resultOf(byHand);
    await vi.waitFor(() => expect(server.asked).toHaveLength(1), patience);
    byHand.kill("SIGINT");
    expect(await ended).toMatchObject({ exitCode: 130, stderr: expect.stringContaining("gives the update up") });
    expect(await service.say("hello")).toContain("shed");
    await device.offer(file);
    await vi.waitFor(() => expect(server.asked).toHaveLength(2), patience);
    await device.connection.publish("nanoagent/kiosk/offer", "", { retain: true });
    expect((await device.until(2, "refused")).reason).toBe("The fleet withdrew the offer.");
    expect(await device.current()).toBe(1);
    expect(await service.say("hello")).toContain("shed");
    expect(await service.end()).toBe(143);
  });

  test.each([0, 500, 1500])("a kill %i ms after the offer leaves a release that works", async (milliseconds) => {
    const device = await UpdatedService.make();
    const service = await device.start();
    await device.offer(await device.bundle(2));
    await service.logged("update-notice");
    await delay(milliseconds);
    await service.end("SIGKILL");
    expect([1, 2]).toContain(await device.current());
    await device.start();
    await vi.waitFor(async () => expect(await device.modelOf()).toBe("shed2"), patience);
    expect(await device.current()).toBe(2);
    await device.service?.end();
  });

  test("events that wait are acted on after the update, if not before", async () => {
    const server = await startSlowServer("one two");
    const rest = `engine: { type: openai-compatible, url: "${server.url}" }\ntriggers:\n  - { name: note, when: { mqtt: { topic: notes } }, do: { message: "Note" } }`;
    const device = await UpdatedService.make({ rest });
    const service = await device.start();
    await vi.waitFor(
      async () => {
        // Until the service has subscribed, nobody gets it.
        if (server.asked.length === 0) await device.connection.publish("notes", "first");
        expect(server.asked).toContain("Note");
      },
      { ...patience, interval: 1000 },
    );
    await device.connection.publish("notes", "second");
    await device.offer(await device.bundle(2, { rest: `${rest.replace("Note", "Note again")}` }));
    await service.logged("update-start");
    server.finish();
    await device.until(2, "applied");
    await vi.waitFor(() => expect(server.asked.length).toBeGreaterThanOrEqual(2), patience);
    await service.end();
  });

  // It takes the minute that an agent has to reach its broker. The test of ServiceHost has a shorter one.
  const soakTest = test.skipIf(!process.env.NANOAGENT_SOAK);
  soakTest("goes back when the new agent does not reach the broker (soak)", { timeout: 200_000 }, async () => {
    const device = await UpdatedService.make();
    const service = await device.start();
    const nobody = await freePort();
    const mqtt = `mqtt: { url: "mqtt://127.0.0.1:${nobody}", home_assistant: false }`;
    await device.offer(await device.bundle(2, { mqtt }));
    const { reason } = await device.until(2, "rolled-back", 150_000);
    expect(reason).toContain("did not reach its broker within 60 seconds");
    expect(await device.modelOf()).toBe("shed");
    await service.end();
  });
});
