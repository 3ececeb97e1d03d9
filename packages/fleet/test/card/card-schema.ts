import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

interface Validate {
  (value: unknown): boolean;
  errors?: { instancePath: string; message?: string }[] | null;
}

interface Part {
  properties?: Record<string, Part>;
  items?: Part;
  description?: string;
}

const requireFromModels = createRequire(new URL("../../../models/package.json", import.meta.url));
const { default: Ajv } = requireFromModels("ajv/dist/2020.js") as {
  default: new (options: object) => { compile(schema: unknown): Validate };
};
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, validateFormats: false });

const read = (place: string): Part & object =>
  JSON.parse(readFileSync(new URL(`../../../${place}`, import.meta.url), "utf8"));
const cardSchema = read("fleet/schemas/agent-card.json");
const validateCard = ajv.compile(cardSchema);
const validatePart = {
  device: ajv.compile(read("models/schemas/edge-device.json")),
  measurement: ajv.compile(read("models/schemas/device-measurement.json")),
  plan: ajv.compile(read("models/schemas/fit-plan.json")),
};

/** Lists what is wrong with a card: differences from its schema and from those that it names, and keys without a description. */
export function cardProblems(card: {
  device: unknown;
  measurement: unknown;
  model: { plan: unknown } | null;
}): string[] {
  const plan = card.model?.plan ?? null;
  return [
    ...errorsOf(validateCard, card),
    ...errorsOf(validatePart.device, card.device),
    ...(card.measurement === null ? [] : errorsOf(validatePart.measurement, card.measurement)),
    ...(plan === null ? [] : errorsOf(validatePart.plan, plan)),
    ...undescribed(card, cardSchema, ""),
  ];
}

function errorsOf(validate: Validate, value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

function undescribed(value: unknown, { properties, items, description }: Part, place: string): string[] {
  if (description === undefined) return [`${place}: no description`];
  if (Array.isArray(value)) return items?.properties ? value.flatMap((one) => undescribed(one, items, place)) : [];
  if (typeof value !== "object" || value === null || properties === undefined) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    const known = properties[key];
    return known === undefined ? [`${place}/${key}: not in the schema`] : undescribed(part, known, `${place}/${key}`);
  });
}
