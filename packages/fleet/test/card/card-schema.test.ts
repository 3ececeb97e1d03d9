import { describe, expect, test } from "vitest";
import { makeCard } from "../../src/card/make-card.js";
import { cardParts } from "./card-parts.js";
import { cardProblems } from "./card-schema.js";

describe("the schema of a card", () => {
  test("describes a card with everything", () => {
    expect(cardProblems(makeCard(cardParts()))).toEqual([]);
  });

  test("describes a card with nothing that can be absent", () => {
    const parts = cardParts({ settings: {}, plan: null });
    const facts = { ...parts.facts, measurement: null, config_sha256: null, bundle: null };
    const agent = { ...parts.agent, engine: { name: "rules", contextTokens: null } };
    expect(cardProblems(makeCard({ ...parts, facts, agent }))).toEqual([]);
  });

  test("finds wrong cards", () => {
    const card = makeCard(cardParts());
    expect(cardProblems({ ...card, at: 5, mood: "good" } as never)).toEqual([
      "/at: must be string",
      "/mood: not in the schema",
    ]);
  });
});
