import * as z from "zod/mini";
import { positiveInteger } from "./field-types.js";
import { whenFirstUsed } from "./when-first-used.js";

/** How `nanoagent serve` makes an agent reachable. */
export interface ServeSettings {
  /** Address to listen on. Other addresses than loopback need a key. Default: 127.0.0.1. */
  host?: string | undefined;
  /** Port to listen on; 0 takes a free one. Default: 7420. */
  port?: number | undefined;
  /** Name of the environment variable that holds the keys of clients, separated by commas; never a key itself. */
  api_keys_env?: string | undefined;
  /** Host names by which clients may reach the service, besides its address and `localhost`. */
  allow_hosts?: string[] | undefined;
  /** Origins of web pages that may use the service, such as `http://kiosk.local:3000`. Default: none. */
  allow_origins?: string[] | undefined;
  conversations?: ServedConversations | undefined;
  /** Whether clients may use the model alone, without the agent's tools, intents and journal. Default: false. */
  bare_model?: boolean | undefined;
  /** Longest wait for the answer to a permission request. Default: 60. */
  ask_seconds?: number | undefined;
  tls?: TlsSettings | undefined;
  /** Whether to serve the page for people. Default: true. */
  page?: boolean | undefined;
  /** Whether to serve metrics for Prometheus. Default: true. */
  metrics?: boolean | undefined;
  wyoming?: WyomingSettings | undefined;
}

/** Limits on the conversations that are open at the same time. */
export interface ServedConversations {
  /** The conversation that was used least recently is closed first. Default: 32. */
  max?: number | undefined;
  /** Minutes without a message until a conversation is closed. Default: 60. */
  idle_minutes?: number | undefined;
}

/** Certificate and key for HTTPS, PEM files. */
export interface TlsSettings {
  certificate_path: string;
  key_path: string;
}

/** Home Assistant's protocol for voice assistants. */
export interface WyomingSettings {
  /** Port to listen on; 0 takes a free one. */
  port: number;
  /** Languages that the agent offers to voice assistants. Default: those of its sentences, or of Home Assistant. */
  languages?: string[] | undefined;
  /**
   * Addresses, or networks such as `192.168.1.0/24`, that may connect besides this machine. The protocol has no keys.
   * Default: none, and the service listens on loopback only.
   */
  allow_clients?: string[] | undefined;
  /** Whether to announce the service on the local network, so that Home Assistant finds it (mDNS). Default: false. */
  announce?: boolean | undefined;
}

const text = () => z.string().check(z.minLength(1));
const port = () => z.int().check(z.minimum(0), z.maximum(65_535));

export const serveSource = whenFirstUsed(() =>
  z.strictObject({
    host: z.optional(text()),
    port: z.optional(port()),
    api_keys_env: z.optional(text()),
    allow_hosts: z.optional(z.array(text())),
    allow_origins: z.optional(z.array(text())),
    conversations: z.optional(
      z.strictObject({ max: z.optional(positiveInteger()), idle_minutes: z.optional(positiveInteger()) }),
    ),
    bare_model: z.optional(z.boolean()),
    ask_seconds: z.optional(positiveInteger()),
    tls: z.optional(z.strictObject({ certificate_path: text(), key_path: text() })),
    page: z.optional(z.boolean()),
    metrics: z.optional(z.boolean()),
    wyoming: z.optional(
      z.strictObject({
        port: port(),
        languages: z.optional(z.array(text()).check(z.minLength(1))),
        allow_clients: z.optional(z.array(text())),
        announce: z.optional(z.boolean()),
      }),
    ),
  }),
);
