import type { KeyTexts } from "./key-texts.js";

export const serveTexts: KeyTexts = {
  "": {
    description: "How `nanoagent serve` makes the agent reachable for other programs.",
    examples: [{ port: 7420 }, { host: "0.0.0.0", api_keys_env: "AGENT_KEYS", allow_hosts: ["agent.local"] }],
  },
  host: {
    description: "Address to listen on. Any other address than loopback needs a key.",
    default: "127.0.0.1",
    examples: ["127.0.0.1", "0.0.0.0", "::"],
  },
  port: { description: "Port to listen on. 0 takes a free one.", default: 7420 },
  api_keys_env: {
    description:
      "Name of the environment variable that holds the keys of clients, separated by commas. Never write a key itself " +
      "here. Default: beyond loopback, a key is made at the first start and kept in the user's state folder.",
    examples: ["AGENT_KEYS"],
  },
  allow_hosts: {
    description: "Host names by which clients may reach the service, besides `localhost` and its own address.",
    examples: [["agent.local", "192.168.1.20"]],
  },
  allow_origins: {
    description: "Origins of web pages that may use the service. Default: none.",
    examples: [["http://kiosk.local:3000"]],
  },
  conversations: {
    description: "Limits on the conversations that are open at the same time.",
    examples: [{ max: 8, idle_minutes: 30 }],
  },
  "conversations.max": {
    description: "Most open conversations. The one that was used least recently is closed first.",
    default: 32,
  },
  "conversations.idle_minutes": {
    description: "Minutes without a message until a conversation is closed.",
    default: 60,
  },
  bare_model: {
    description:
      "Whether clients may use the model alone, without the agent's instructions, tools, intents and journal.",
    default: false,
  },
  ask_seconds: {
    description:
      "Longest wait for the answer when a tool needs permission, in seconds. Without an answer it does not run.",
    default: 60,
  },
  tls: {
    description: "Certificate and key for HTTPS.",
    examples: [{ certificate_path: "tls/agent.pem", key_path: "tls/agent-key.pem" }],
  },
  "tls.certificate_path": {
    description: "File of the certificate with its chain, PEM, relative to this file.",
    examples: ["tls/agent.pem"],
  },
  "tls.key_path": {
    description: "File of the private key, PEM, relative to this file.",
    examples: ["tls/agent-key.pem"],
  },
  page: {
    description: "Whether browsers get a page at /: a chat, questions for permission, memory and health.",
    default: true,
  },
  metrics: {
    description: "Whether Prometheus can read figures at /metrics: turns, tokens, memory, tools, temperature.",
    default: true,
  },
  wyoming: {
    description: "Home Assistant's protocol for voice assistants.",
    examples: [{ port: 10400 }, { port: 10400, allow_clients: ["192.168.1.10"], languages: ["de", "en"] }],
  },
  "wyoming.port": { description: "Port of the protocol. 0 takes a free one.", examples: [10400] },
  "wyoming.languages": {
    description:
      "Languages that the agent offers to voice assistants. Default: those of its sentences if it answers by rules, " +
      "otherwise all that Home Assistant has.",
    examples: [["de", "en"]],
  },
  "wyoming.allow_clients": {
    description:
      "Addresses, or networks such as 192.168.1.0/24, that may connect besides this machine. The protocol has no keys. " +
      "Default: none, and the service listens on loopback only.",
    examples: [["192.168.1.10"], ["192.168.1.0/24", "fd00::/8"]],
  },
  "wyoming.announce": {
    description:
      "Whether to announce the service on the local network by mDNS, so that Home Assistant finds it by itself.",
    default: false,
  },
};
