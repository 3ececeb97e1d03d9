import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { mockReply } from "./contender.mjs";

/** @typedef {import("../import-from-folder.mjs").Import} Import */

const config = {
  spec: { name: "bench-agent" },
  device: { device_id: "bench", platform: "linux-x86_64", memory_mb: 1024, cpu_cores: 2 },
};

/** Bytes that the runtime counts per message, in addition to two per character; see its `history`. */
const MESSAGE_OVERHEAD_BYTES = 200;

/** @type {import("./contender.mjs").Contender} */
export const nanoagent = {
  title: "nanoagent",
  how: "rules engine, process()",
  packages: {},
  imports: ["@nanoagent/runtime"],
  openTurns: openRules,
  openSession: openRules,
};

/** @type {import("./contender.mjs").Contender} */
export const nanoagentStream = {
  ...nanoagent,
  how: "rules engine, stream()",
  openTurns: async (importPackage) => {
    const runtime = await loadRuntime(importPackage);
    return {
      ask: async (message) => {
        let reply = "";
        for await (const event of runtime.stream(message)) if (event.type === "text-delta") reply += event.text;
        return reply;
      },
    };
  },
  openSession: null,
};

/** With a session on disk, without fsync. @type {import("./contender.mjs").Contender} */
export const nanoagentJournal = {
  ...nanoagent,
  title: "nanoagent, saved",
  how: "rules engine, session without fsync",
  openTurns: (importPackage) => openRules(importPackage, sessionSettings("never")),
  openSession: (importPackage) => openRules(importPackage, sessionSettings("never")),
};

/** With a session on disk, and fsync after each turn. @type {import("./contender.mjs").Contender} */
export const nanoagentDurable = {
  ...nanoagent,
  title: "nanoagent, synced",
  how: "rules engine, session with fsync",
  openTurns: (importPackage) => openRules(importPackage, sessionSettings("turn")),
  openSession: null,
};

/** Returns settings for a new session that is removed when the process exits. @param {"turn" | "never"} fsync */
function sessionSettings(fsync) {
  const dir = mkdtempSync(path.join(tmpdir(), "nanoagent-bench-session-"));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  return { session: { dir, fsync } };
}

/** With the same mock of a model as the peers. @type {import("./contender.mjs").Contender} */
export const nanoagentMock = {
  ...nanoagent,
  title: "nanoagent, mock of a model",
  how: "custom engine, process()",
  openTurns: async (importPackage) => {
    const runtime = await loadRuntime(importPackage, { engine: mockEngine });
    return { ask: async (message) => (await runtime.process(message)).content };
  },
  // With a limited context, like a model on a device.
  openSession: (importPackage) => openRules(importPackage, {}, { engine: { ...mockEngine, contextTokens: 4096 } }),
};

const mockEngine = {
  name: "mock",
  contextTokens: null,
  /** @param {{ messages: readonly { content: string }[] }} request */
  async *generate({ messages }) {
    yield { type: "text-delta", text: mockReply(messages.at(-1)?.content ?? "") };
    yield { type: "end", reason: "stop" };
  },
  countTokens: (/** @type {string} */ text) => Math.ceil(text.length / 4),
  close: async () => {},
};

/**
 * @param {Import} importPackage
 * @param {object} [settings]
 * @param {object} [options]
 * @returns {Promise<import("./contender.mjs").Talk>}
 */
async function openRules(importPackage, settings, options = {}) {
  const runtime = await loadRuntime(importPackage, options, settings);
  return {
    ask: async (message) => (await runtime.process(message)).content,
    held: () => {
      const { history, droppedTurns } = runtime;
      return { bytes: history.reduce(addMessage, 0), turns: history.length / 2, droppedTurns };
    },
  };
}

/** @param {number} bytes @param {{ content: string }} message */
function addMessage(bytes, { content }) {
  return bytes + MESSAGE_OVERHEAD_BYTES + content.length * 2;
}

/** @param {Import} importPackage @param {object} [options] @param {object} [settings] */
async function loadRuntime(importPackage, options, settings) {
  const { NanoRuntime } = await importPackage("@nanoagent/runtime");
  const runtime = new NanoRuntime(options);
  await runtime.load({ ...config, ...settings });
  return runtime;
}
