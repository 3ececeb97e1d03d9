import type { RegisteredAgent } from "@nanoagent/fleet";
import { describe, expect, test } from "vitest";
import { parseCard } from "../../../fleet/src/card/parse-card.js";
import { cardText } from "../../../fleet/test/registry/fleet-cards.js";
import { formatAgents } from "../../src/fleet/format-agents.js";

function agentOf(id: string, more: Parameters<typeof cardText>[1] = {}): RegisteredAgent {
  const card = parseCard(new TextEncoder().encode(cardText(id, more)), id);
  if (card === null) throw new Error("No card");
  return { id, online: true, update: null, card };
}

const model = { engine: "llama", name: "llama-3.2-1b-instruct-q8_0.gguf", context_tokens: 512, plan: null };
const bundle = { name: "kiosk-of-the-museum", version: "10.20.30", sequence: 4 };

describe("formatAgents", () => {
  test("shows IDs of 34 characters whole, and leaves other columns out for them", () => {
    const ids = [1, 2, 3].map((number) => `kiosk-berlin-hauptbahnhof-halle-0${number}`);
    const lines = formatAgents(
      ids.map((id) => agentOf(id, { model, bundle })),
      undefined,
    );
    expect(lines[0]).toMatch(/^id +state +device +model +bundle +health$/);
    expect(lines.slice(1).map((line) => line.split(" ")[0])).toEqual(ids);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("shows all columns where IDs are short", () => {
    const [title, row] = formatAgents([agentOf("kiosk-1", { model, bundle })], 80);
    expect(title).toMatch(/^id +state +device +memory +model +bundle +health$/);
    expect(row).toMatch(/^kiosk-1 +online /);
  });

  test.each([80, 60, 40, 30])("shows both ends of the longest IDs at %i columns", (columns) => {
    const ids = [1, 2].map((number) => `kiosk-${"0123456789".repeat(5)}-hall-0${number}`);
    const lines = formatAgents(
      ids.map((id) => agentOf(id, { model, bundle })),
      columns,
    );
    const [first, second] = lines.slice(1).map((line) => line.split(" ")[0]);
    expect(first).toMatch(/^kiosk.*….*-01$/);
    expect(second).toMatch(/^kiosk.*….*-02$/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test("cuts wide characters whole", () => {
    const lines = formatAgents([agentOf("kiosk", { model: { ...model, name: "花園の束".repeat(20) } })], 80);
    expect(lines[1]).toContain("花園");
    expect(lines[1]).toContain("… ");
  });
});
