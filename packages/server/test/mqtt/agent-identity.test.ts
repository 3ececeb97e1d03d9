import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { agentIdentity } from "../../src/mqtt/agent-identity.js";

const mqtt = { url: "mqtt://127.0.0.1" };

describe("the names of an agent at its broker", () => {
  test("are those of the client without a fleet", () => {
    const named = { ...mqtt, client_id: "Küche 1", prefix: "home" };
    expect(agentIdentity({ mqtt: named })).toEqual({ id: "Kuche_1", prefix: "home", clientId: "Küche 1" });
  });

  test("are those of the fleet, which replaces the prefix", () => {
    const fleet = { id: "kiosk-17", prefix: "acme/kiosks" };
    expect(agentIdentity({ mqtt: { ...mqtt, prefix: "home" }, fleet })).toEqual({
      id: "kiosk-17",
      prefix: "acme/kiosks",
      clientId: "nanoagent-kiosk-17",
    });
    expect(agentIdentity({ mqtt: { ...mqtt, client_id: "own" }, fleet }).clientId).toBe("own");
  });

  test("are made from the machine without an ID, and tell neither its ids nor the name of the host", () => {
    const first = agentIdentity({ mqtt, fleet: {} }, () => "10000000a1");
    const second = agentIdentity({ mqtt, fleet: {} }, () => "10000000a2");
    expect(first).toEqual(agentIdentity({ mqtt, fleet: {} }, () => "10000000a1"));
    expect(first.id).not.toBe(second.id);
    expect(first.id).toMatch(/^agent-[0-9a-f]{12}$/);
    expect(JSON.stringify(first)).not.toContain("10000000a1");
    expect(JSON.stringify(agentIdentity({ mqtt, fleet: {} }))).not.toContain(hostname());
  });
});
