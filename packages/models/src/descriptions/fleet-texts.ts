import type { KeyTexts } from "./key-texts.js";

export const fleetTexts: KeyTexts = {
  "": {
    description:
      "Registers the agent at the broker of `mqtt` under `nanoagent serve`, so that `nanoagent fleet` finds it, and lets it " +
      "take updates that are signed with a trusted key.",
    examples: [{ id: "kiosk-17", site: "berlin", labels: { floor: "2" }, trust: ["MCowBQYDK2VwAyEA…"] }],
  },
  id: {
    description:
      "Name of the agent in its fleet, and a level of its topics: letters, digits, `-` and `_`. Each device needs its own. " +
      "Default: `agent-` and a number that is made from the ids of the machine.",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of a config.
    examples: ["kiosk-17", "${DEVICE_ID}"],
  },
  prefix: {
    description: "First levels of the topics of all agents of the fleet. Default: `mqtt.prefix`.",
    examples: ["acme/kiosks"],
  },
  site: { description: "Place of the device.", examples: ["berlin"] },
  labels: {
    description: "Further facts to select agents by, as texts.",
    examples: [{ floor: "2", ring: "early" }],
  },
  "labels.*": { description: "Value of this label." },
  trust: {
    description:
      "Public keys that may sign its updates: Ed25519, as PEM or as the one line of base64 in a PEM file. Without a key, " +
      "updates through the broker are refused.",
    examples: [["MCowBQYDK2VwAyEA…"]],
  },
};
