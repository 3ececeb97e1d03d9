import * as z from "zod/mini";
import { whenFirstUsed } from "./when-first-used.js";

/** Registration of the agent in a fleet, through the broker of `mqtt`. */
export interface FleetSettings {
  /** Level of the agent's topics. Default: `agent-` and a number that is made from the ids of the machine. */
  id?: string | undefined;
  /** First levels of the topics. Default: `mqtt.prefix`. */
  prefix?: string | undefined;
  /** Place of the device. */
  site?: string | undefined;
  /** Further facts to select agents by. */
  labels?: Record<string, string> | undefined;
  /** Public keys whose bundles the agent accepts: Ed25519, PEM or the base64 of a PEM file. Default: it accepts none. */
  trust?: string[] | undefined;
}

/** Most keys: each may be tried for every offer. */
const MAX_KEYS = 16;
const MAX_TEXT_CHARACTERS = 200;

const text = () => z.string().check(z.minLength(1), z.maxLength(MAX_TEXT_CHARACTERS));

export const fleetSource = whenFirstUsed(() =>
  z.strictObject({
    id: z.optional(z.string().check(z.minLength(1))),
    prefix: z.optional(z.string().check(z.minLength(1))),
    site: z.optional(text()),
    labels: z.optional(z.record(z.string(), text())),
    trust: z.optional(z.array(z.string().check(z.minLength(1), z.maxLength(2000))).check(z.maxLength(MAX_KEYS))),
  }),
);
