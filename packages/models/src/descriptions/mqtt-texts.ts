import type { KeyTexts } from "./key-texts.js";

export const mqttTexts: KeyTexts = {
  "": {
    description:
      "MQTT broker that the agent connects to under `nanoagent serve`: for triggers and their answers, for Home " +
      "Assistant, and for messages to the agent.",
    examples: [{ url: "mqtt://127.0.0.1:1883", client_id: "greenhouse", keepalive_seconds: 30 }],
  },
  url: {
    description: "Address of the broker: `mqtt://HOST:PORT`, or `mqtts://HOST:PORT` for TLS.",
    examples: ["mqtt://127.0.0.1:1883", "mqtts://broker.example.com"],
  },
  client_id: {
    description:
      "Name of this client at the broker. Each device needs its own. Default: `nanoagent-` and the name of the device.",
    examples: ["greenhouse"],
  },
  keepalive_seconds: {
    description:
      "Longest silence on the connection, in seconds, up to 65535. A broken connection is noticed about this late.",
    default: 60,
  },
  username: { description: "Name of the user at the broker.", examples: ["greenhouse"] },
  password_env: {
    description: "Name of the environment variable that holds the password. Never write the password itself here.",
    examples: ["MQTT_PASSWORD"],
  },
  protocol: {
    description: "Version of the protocol: `3.1.1`, `5`, or `auto`, which tries 5 first.",
    default: "auto",
  },
  prefix: {
    description: "First levels of the agent's own topics, which are PREFIX/CLIENT_ID/status, ask, answer and others.",
    default: "nanoagent",
  },
  tls: {
    description: "Certificates for TLS. Needs an `mqtts` address.",
    examples: [{ ca_path: "tls/ca.pem" }],
  },
  "tls.ca_path": {
    description: "Certificates that may have signed the broker's, PEM. Default: those that Node trusts.",
    examples: ["tls/ca.pem"],
  },
  "tls.certificate_path": {
    description: "Certificate of this client, PEM, for brokers that ask for one.",
    examples: ["tls/greenhouse.pem"],
  },
  "tls.key_path": { description: "Private key of this client, PEM.", examples: ["tls/greenhouse-key.pem"] },
  home_assistant: {
    description: "Whether the agent appears in Home Assistant as a device, by MQTT discovery.",
    default: true,
    examples: [true, { prefix: "homeassistant" }],
  },
  "home_assistant.prefix": {
    description: "First level of Home Assistant's discovery topics.",
    default: "homeassistant",
  },
  ask: {
    description: "Whether the agent answers messages to PREFIX/CLIENT_ID/ask. Anyone who may publish there can ask.",
    default: true,
  },
};
