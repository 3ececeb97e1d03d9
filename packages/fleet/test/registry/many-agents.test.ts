import { describe, expect, test } from "vitest";
import { hasMosquitto, Mosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { openForTest } from "../../../server/test/mqtt/opened-broker.js";
import { openRegistry } from "../../src/registry/open-registry.js";
import { cardText, publishAll } from "./fleet-cards.js";

const update = JSON.stringify({
  format: 1,
  sequence: 4,
  manifest_sha256: "b".repeat(64),
  state: "applied",
  reason: null,
  progress: null,
  at: "2026-11-30T08:00:00Z",
});

describe.skipIf(!hasMosquitto)("many agents (needs mosquitto)", () => {
  // Mosquitto queues a thousand messages for a client, and drops further ones that it kept.
  test.each([
    [200, "5"],
    [700, "3.1.1"],
    [2000, "5"],
    [2000, "3.1.1"],
  ] as const)(
    "all of %i agents are there with MQTT %s",
    async (count, protocol) => {
      await using mosquitto = await Mosquitto.start();
      const { broker: writer } = await openForTest({ url: mosquitto.url, client_id: "writer" });
      writer.ready();
      const ids = Array.from({ length: count }, (_, number) => `kiosk-${number}`);
      const filler = `"format":1,"filler":"${"x".repeat(10_000)}"`;
      await publishAll(
        writer,
        ids.flatMap((id, number) => [
          [`nanoagent/${id}/card`, cardText(id).replace('"format":1', filler)] as const,
          [`nanoagent/${id}/status`, number % 3 === 0 ? "offline" : "online"] as const,
          ...(number % 2 === 0 ? [[`nanoagent/${id}/update`, update] as const] : []),
        ]),
      );
      // Agents without a card do not delay the others for long.
      await publishAll(writer, [["nanoagent/plain/status", "online"]]);
      const { broker, notices } = await openForTest(
        { url: mosquitto.url, client_id: "reader", protocol },
        { keepsSession: false },
      );
      const began = performance.now();
      await using registry = await openRegistry(broker);
      const milliseconds = performance.now() - began;
      expect(registry.agents.map(({ id }) => id)).toEqual(ids.sort());
      expect(registry.agents.filter(({ online }) => online)).toHaveLength(count - Math.ceil(count / 3));
      expect(registry.agents.filter(({ update }) => update !== null)).toHaveLength(Math.ceil(count / 2));
      expect(registry.malformed).toBe(0);
      expect(notices.filter(({ level }) => level === "warning")).toEqual([]);
      // The time has room for a busy machine: it takes a second.
      if (count === 200) expect(milliseconds).toBeLessThan(20_000);
    },
    120_000,
  );
});
