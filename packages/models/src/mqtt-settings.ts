import * as z from "zod/mini";
import { positiveInteger } from "./field-types.js";
import { whenFirstUsed } from "./when-first-used.js";

/** The one connection to a broker, for triggers, answers and Home Assistant. */
export interface MqttSettings {
  /** `mqtt://HOST:PORT`, or `mqtts://` for TLS. Default port: 1883, or 8883. */
  url: string;
  /** Default: `nanoagent-` and the name of the device. */
  client_id?: string | undefined;
  /** Longest silence of the connection, in seconds, at most 65,535. Default: 60. */
  keepalive_seconds?: number | undefined;
  username?: string | undefined;
  /** Name of the environment variable that holds the password; never the password itself. */
  password_env?: string | undefined;
  /** Version of the protocol. Default: `auto`, 5 where the broker speaks it. */
  protocol?: "auto" | "3.1.1" | "5" | 5 | undefined;
  /** First levels of the agent's own topics. Default: `nanoagent`. */
  prefix?: string | undefined;
  tls?: MqttTlsSettings | undefined;
  /** Discovery by Home Assistant. Default: true. */
  home_assistant?: boolean | HomeAssistantSettings | undefined;
  /** Whether the agent answers messages at `PREFIX/ID/ask`. Default: true. */
  ask?: boolean | undefined;
}

/** Certificates, PEM files. */
export interface MqttTlsSettings {
  /** Certificates that the broker's may be signed by. Default: those of Node. */
  ca_path?: string | undefined;
  certificate_path?: string | undefined;
  key_path?: string | undefined;
}

export interface HomeAssistantSettings {
  /** Default: `homeassistant`. */
  prefix?: string | undefined;
}

/** Longest keep-alive: the protocol has 16 bits for it. */
const MAX_KEEPALIVE_SECONDS = 65_535;

const text = () => z.string().check(z.minLength(1));

export const mqttSource = whenFirstUsed(() =>
  z.strictObject({
    url: text(),
    client_id: z.optional(text()),
    keepalive_seconds: z.optional(positiveInteger().check(z.maximum(MAX_KEEPALIVE_SECONDS))),
    username: z.optional(text()),
    password_env: z.optional(text()),
    protocol: z.optional(z.literal(["auto", "3.1.1", "5", 5])),
    prefix: z.optional(text()),
    tls: z.optional(
      z.strictObject({
        ca_path: z.optional(text()),
        certificate_path: z.optional(text()),
        key_path: z.optional(text()),
      }),
    ),
    home_assistant: z.optional(z.union([z.boolean(), z.strictObject({ prefix: z.optional(text()) })])),
    ask: z.optional(z.boolean()),
  }),
);
