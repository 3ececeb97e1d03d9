import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { NanoAgentConfigInput } from "@nanoagent/models";
import { openAgent } from "@nanoagent/runtime";
import { createServer } from "@nanoagent/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { hasMosquitto, Mosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { listenTo } from "../../../server/test/mqtt/mosquitto-listener.js";
import type { AgentCard } from "../../src/card/agent-card.js";
import { parseCard } from "../../src/card/parse-card.js";
import { openFleetMember } from "../../src/device/fleet-member.js";
import { cardProblems } from "../card/card-schema.js";
import { plainConfig } from "./fake-seat.js";

const patience = { timeout: 20_000 };
const device = { ...plainConfig.device, has_gpu: false };

async function startBroker(lines: readonly string[] = []): Promise<Mosquitto> {
  const mosquitto = await Mosquitto.start(lines);
  onTestFinished(() => mosquitto[Symbol.asyncDispose]());
  return mosquitto;
}

/** Serves an agent of the fleet. */
async function serve(
  mosquitto: Mosquitto,
  fleet: NanoAgentConfigInput["fleet"] = { id: "kiosk-1" },
  {
    host = "127.0.0.1",
    mqtt = {},
    log = [],
  }: { host?: string; mqtt?: Partial<NanoAgentConfigInput["mqtt"]>; log?: string[] } = {},
) {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-fleet-"));
  const configOf = (changes: Partial<NanoAgentConfigInput>): NanoAgentConfigInput => ({
    ...plainConfig,
    mqtt: { url: mosquitto.url, keepalive_seconds: 10, ...mqtt },
    fleet,
    ...changes,
  });
  const agent = await openAgent(configOf({}));
  const server = createServer(agent, {
    version: "0.1.0",
    environment: {},
    stateFolder: folder,
    log: (entry) => log.push(JSON.stringify(entry)),
    joinFleet: (seat) =>
      openFleetMember(seat, {
        settings: seat.agent.agent.config.fleet ?? {},
        readFacts: async () => ({ device, measurement: null, config_sha256: null, bundle: null, takes_updates: false }),
        updater: null,
      }),
  });
  onTestFinished(async () => {
    await server.close();
    await server.agent.close();
    await rm(folder, { recursive: true });
  });
  const { url } = await server.listen({ host, port: 0 });
  const change = (changes: Partial<NanoAgentConfigInput>) =>
    server.replaceAgent(
      () => openAgent(configOf(changes)),
      () => openAgent(configOf({})),
    );
  return { server, change, url };
}

/** Messages of a filter. */
function listen(mosquitto: Mosquitto, filter: string) {
  const listener = listenTo(mosquitto, filter);
  onTestFinished(() => listener[Symbol.dispose]());
  const last = (topic: string) => listener.messages.findLast((message) => message.topic === topic);
  const card = (id = "kiosk-1"): AgentCard | null =>
    parseCard(new TextEncoder().encode(last(`nanoagent/${id}/card`)?.text ?? ""), id);
  return { listener, last, card };
}

describe.skipIf(!hasMosquitto)("a served agent of a fleet, at a Mosquitto", () => {
  test("has a card and a status, retained", async () => {
    const mosquitto = await startBroker();
    await serve(mosquitto, { id: "kiosk-1", site: "berlin", labels: { floor: "2" } });
    const first = listen(mosquitto, "nanoagent/#");
    await vi.waitFor(() => expect(first.card()).not.toBe(null), patience);
    const { last, card } = listen(mosquitto, "nanoagent/#");
    await vi.waitFor(() => expect(card()).toMatchObject({ site: "berlin", labels: { floor: "2" } }), patience);
    expect(last("nanoagent/kiosk-1/card")?.retain).toBe(true);
    await vi.waitFor(() => expect(last("nanoagent/kiosk-1/status")).toMatchObject({ text: "online" }), patience);
    expect(cardProblems(card() as AgentCard)).toEqual([]);
    expect(card()?.health).toEqual({ status: "ok", reasons: [] });
  });

  test("is there again after the broker lost everything", async () => {
    const mosquitto = await startBroker();
    await serve(mosquitto);
    const before = listen(mosquitto, "nanoagent/#");
    await vi.waitFor(() => expect(before.card()).not.toBe(null), patience);
    await mosquitto.end("SIGKILL");
    await rm(path.join(mosquitto.folder, "data"), { recursive: true });
    await mosquitto.startAgain();
    const after = listen(mosquitto, "nanoagent/#");
    await vi.waitFor(() => expect(after.card()).toEqual(before.card()), patience);
    await vi.waitFor(() => expect(after.last("nanoagent/kiosk-1/status")?.text).toBe("online"), patience);
  });

  test("stays online without its card at a broker that refuses it as too large, and says so", async () => {
    const mosquitto = await startBroker(["message_size_limit 400"]);
    const log: string[] = [];
    await serve(mosquitto, { id: "kiosk-1" }, { log });
    const { listener, last } = listen(mosquitto, "nanoagent/#");
    const refusal = "A message to nanoagent/kiosk-1/card was not published. The broker refused";
    await vi.waitFor(() => expect(log.join("")).toContain(refusal), patience);
    expect(log.join("")).toContain("it is too large for this broker. Permit larger messages at the broker");
    await vi.waitFor(() => expect(last("nanoagent/kiosk-1/status")?.text).toBe("online"), patience);
    await pause(2000);
    expect(listener.messages.filter(({ topic, text }) => topic.endsWith("/card") || text === "offline")).toEqual([]);
    expect(log.join("").split("Connected to the broker")).toHaveLength(2);
  });

  test("has another card with another config, whether the fleet's settings change or not", async () => {
    const mosquitto = await startBroker();
    const { change } = await serve(mosquitto);
    const { card, last } = listen(mosquitto, "nanoagent/#");
    await vi.waitFor(() => expect(card()?.agent.version).toBe("0.1.0"), patience);
    await change({ spec: { name: "kiosk", version: "0.2.0" } });
    await vi.waitFor(() => expect(card()?.agent.version).toBe("0.2.0"), patience);
    await change({ fleet: { id: "kiosk-1", site: "bonn" } });
    await vi.waitFor(() => expect(card()?.site).toBe("bonn"), patience);
    await change({ fleet: { id: "kiosk-2" } });
    await vi.waitFor(() => expect(card("kiosk-2")).not.toBe(null), patience);
    await vi.waitFor(() => expect(last("nanoagent/kiosk-1/status")?.text).toBe("offline"), patience);
  });

  test("tells its address only where the config asks for Home Assistant", async () => {
    const device = "homeassistant/device/kiosk-1/config";
    for (const mqtt of [{}, { home_assistant: true }]) {
      const mosquitto = await startBroker();
      const { url } = await serve(mosquitto, { id: "kiosk-1" }, { host: "0.0.0.0", mqtt });
      const { last } = listen(mosquitto, "homeassistant/#");
      await vi.waitFor(() => expect(last(device)).toBeDefined(), patience);
      // A machine without a network has no address that others can open.
      const isTold = "home_assistant" in mqtt && new URL(url).hostname !== "127.0.0.1";
      expect(JSON.parse(last(device)?.text ?? "").device.configuration_url).toBe(isTold ? url : undefined);
    }
  });

  test("says goodbye at its end, and keeps its card", async () => {
    const mosquitto = await startBroker();
    const { server } = await serve(mosquitto);
    const { card, last, listener } = listen(mosquitto, "nanoagent/#");
    await vi.waitFor(() => expect(card()).not.toBe(null), patience);
    await server.close();
    await vi.waitFor(() => expect(last("nanoagent/kiosk-1/status")?.text).toBe("offline"), patience);
    expect(card()?.health.reasons).toEqual([]);
    expect(listener.messages.filter(({ topic }) => topic.endsWith("/card"))).toHaveLength(1);
  });
});
