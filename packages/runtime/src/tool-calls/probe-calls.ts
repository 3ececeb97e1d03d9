import type { NamedCall } from "./call-form.js";

/** Id that every template accepts: nine letters and digits. */
export const probeId = "abc123def";
const secondId = "ghi456jkl";

/** A call that is rendered with a template to see its notation. */
export interface ProbeCall extends NamedCall {
  readonly id: string;
}

/** The probe's name, keys, values and id are unique, so each of them can be found in the rendered text. */
export const probe: ProbeCall & { arguments: { first_key: string; second_key: number } } = {
  id: probeId,
  name: "probe_tool",
  arguments: { first_key: "alpha beta", second_key: 735 },
};

/** Another call without any part in common. */
export const otherProbe: ProbeCall = {
  id: secondId,
  name: "other_probe",
  arguments: { first_key: "gamma", second_key: 48 },
};

/** A call with values of every type. */
export const nestedProbe: ProbeCall = {
  id: probeId,
  name: "probe_tool",
  arguments: {
    first_key: "alpha, beta: gamma",
    inner_key: { key: "delta", number: 5 },
    list_key: [1, 2],
    second_key: 735,
    switch_key: true,
  },
};

const inputSchema = {
  type: "object",
  properties: {
    first_key: { type: "string", description: "A text." },
    second_key: { type: "integer", description: "A number." },
    switch_key: { type: "boolean", description: "A switch." },
    list_key: { type: "array", items: { type: "integer" }, description: "A list." },
    inner_key: {
      type: "object",
      description: "An object.",
      properties: { key: { type: "string" }, number: { type: "integer" } },
    },
  },
  required: ["first_key"],
} as const;

/** Tools of the probes. */
export const probeTools = [
  { name: probe.name, description: "Probes.", inputSchema },
  { name: otherProbe.name, description: "Probes otherwise.", inputSchema },
] as const;

export const probeQuestion = "Question of the probe.";
export const probeAnswer = "Answer of the probe.";
