import { describe, expect, test } from "vitest";
import { MAX_CARD_BYTES } from "../../src/card/agent-card.js";
import { encodeCard } from "../../src/card/encode-card.js";
import { makeCard } from "../../src/card/make-card.js";
import { parseCard } from "../../src/card/parse-card.js";
import { cardParts } from "./card-parts.js";

const texts = (count: number) => Array.from({ length: count }, (_, index) => `${index} ${"€".repeat(190)}`);

function cardWith({ features = 0, labels = 0, capabilities = 0 }) {
  const card = makeCard(cardParts());
  const fact = { value: texts(features), source: "profiler", confidence: "certain" } as const;
  const details = features === 0 ? card.device.details : { cpu: { features: fact }, storage: { kind: fact } };
  return {
    ...card,
    device: { ...card.device, details: details as never },
    labels: Object.fromEntries(texts(labels).map((text) => [text, text])),
    agent: { ...card.agent, capabilities: texts(capabilities) },
  };
}

describe("encodeCard", () => {
  test("sends a usual card whole", () => {
    const card = makeCard(cardParts());
    const { payload, lost } = encodeCard(card);
    expect(lost).toEqual([]);
    expect(JSON.parse(payload)).toEqual(card);
  });

  test("leaves out details of the device first, but not those that plans need", () => {
    const card = cardWith({ features: 100 });
    const { payload, lost } = encodeCard(card);
    expect(lost).toEqual(["details of the device"]);
    const { device, measurement } = JSON.parse(payload);
    expect(Object.keys(device.details)).toEqual(["cpu"]);
    expect(measurement).not.toBe(null);
  });

  test("leaves out more until the card is small enough", () => {
    const { payload, lost } = encodeCard(cardWith({ labels: 100, capabilities: 100 }));
    expect(lost).toEqual([
      "details of the device",
      "the measurement of the device",
      "the plan of the model",
      "the tools",
      "the capabilities",
      "the labels",
    ]);
    const bytes = new TextEncoder().encode(payload);
    expect(bytes.length).toBeLessThanOrEqual(MAX_CARD_BYTES);
    expect(parseCard(bytes, "kiosk-1")).toMatchObject({ id: "kiosk-1", labels: {}, measurement: null });
  });
});
