import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { repository } from "../run-program.js";

/**
 * Rooms of every package, from top to bottom: a file may import from its own room and from the rooms below. A room is a
 * folder or a single file; a file belongs to the room with the longest matching name. A new room gets its line here.
 */
const rooms: Record<string, readonly string[]> = {
  models: [
    "descriptions",
    "index",
    "nano-agent-config",
    "mcp-server-settings",
    "tool-settings",
    "intent-settings",
    "fit-planner",
    "fit-plan",
    "speed-forecast",
    "quality-forecast",
    "model-summary",
    "memory-ledger",
    "memory-probe",
    "pressure-actions",
    "device-measurement",
    "model-work",
    "edge-device",
    "device-details",
    "agent-spec",
    "agent-message",
    "sampling-settings",
    "serve-settings",
    "trigger-settings",
    "mqtt-settings",
    "fleet-settings",
    "scenario-file",
    "field-types",
    "duration",
    "define-schema",
    "when-first-used",
    "invalid-data-error",
    "nano-agent-error",
    "describe-issues",
    "keyed-alternatives",
    "text-formats",
    "schema",
    "nearest-name",
    "find-prototype-keys",
    "command-words",
    "address-in",
    "clock",
    "as-sentence",
    "cut-text",
    "small-model",
    "bytes-per-mb",
  ],
  profiler: [
    "index",
    "watch-device",
    "recording",
    "testing",
    "measure",
    "device-profiler",
    "read-device-details",
    "read-system-details",
    "declared-device",
    "tool-facts",
    "accelerators",
    "board",
    "cpu",
    "memory",
    "power",
    "storage",
    "thermal",
    "details",
    "platform-name",
    "machine-snapshot",
    "local-machine",
    "is-linux",
    "read-or-null",
    "on-abort",
    "machine-read-error",
    "machine",
  ],
  optimizer: [
    "index",
    "testing",
    "model-optimizer",
    "fit",
    "quality",
    "speed",
    "architectures",
    "formats",
    "load-settings",
    "invalid-size-error",
  ],
  runtime: [
    "index",
    "node/index",
    "program",
    "eval",
    "nano-runtime",
    "agent",
    "check-memory-budget",
    "engines/engine-kinds",
    "conversation",
    "check-message",
    "run-turn",
    "tool-registry",
    "node",
    "report-memory",
    "testing",
    "intents",
    "reply-schema",
    "agent-loop",
    "run-step",
    "usage-after-stop",
    "event-handoff",
    "agent-event",
    "session",
    "acts",
    "skills",
    "tools/mcp",
    "tools/command",
    "tools",
    "context",
    "engines/host-program",
    "engines/llama",
    "engines/openai-compatible",
    "engines/rules",
    "engines/host",
    "engines/legal-conversation",
    "choosing",
    "tool-calls",
    "engines/llama/grammar",
    "engines/llama/template",
    "engines",
    "memory",
    "config",
    "claims",
    "processes",
    "files",
    "repetition",
    "split-words",
    "fold-case",
    "substituted-marks",
    "read-number",
    "terminal-controls",
    "whole-text",
    "server-words",
    "json-schema",
    "json",
    "on-abort",
    "turn-abort",
    "timestamp",
    "call-within",
    "message-of",
    "missing-peer-error",
    "nano-runtime-error",
  ],
  hub: [
    "index",
    "local-models",
    "pull",
    "catalogue",
    "choices",
    "headers",
    "download",
    "bundles",
    "store",
    "caches",
    "sources",
    "network",
    "files",
    "names",
    "testing",
    "environment",
    "hub-error",
  ],
  fleet: [
    "index",
    "bundles",
    "device",
    "registry",
    "offers",
    "releases",
    "bundle",
    "card",
    "piece-topic",
    "fleet-error",
  ],
  server: [
    "index",
    "program",
    "trigger-program-parts",
    "create-server",
    "service",
    "automation",
    "page",
    "metrics",
    "wyoming",
    "openai",
    "ollama",
    "service/served-agent",
    "status",
    "service/memory-watch",
    "service/service-figures",
    "service/histogram",
    "service/watch-turn",
    "service/turn-counts",
    "triggers",
    "triggers/sources",
    "triggers/answers",
    "triggers/acts",
    "triggers/acting-agent",
    "triggers/schedules",
    "triggers/conditions",
    "triggers/sources/event-source",
    "triggers/events",
    "triggers/trigger-event",
    "mqtt/index",
    "mqtt/broker-bridge",
    "mqtt/home-assistant",
    "mqtt",
    "mqtt/broker",
    "mqtt/mqtt-error",
    "device",
    "health",
    "requests",
    "turns",
    "permissions",
    "conversations",
    "access",
    "http",
    "log",
    "errors",
  ],
  cli: [
    "main",
    "program",
    "first-process",
    "node-version",
    "commands",
    "fleet",
    "bundles",
    "doctor",
    "sessions",
    "eval",
    "triggers",
    "service",
    "serve",
    "bundles/release-host",
    "bundles/find-listen-problems",
    "bundles/find-source-problems",
    "bundles/hub-model-store",
    "bundles/pull-bundle-model",
    "bundles/own-program",
    "updates",
    "status",
    "run",
    "check",
    "init",
    "models",
    "optimize",
    "profile",
    "completion",
    "named-models",
    "eval/describe-trust",
    "eval/known-figures",
    "config",
    "command-line",
    "write-new-file",
    "errors",
    "input",
    "output",
    "exit-codes",
    "streams",
    "on-abort",
    "is-object",
    "heap-flags",
  ],
};

/** `#node-parts` is the only import in the sources that is not a path. */
const namedImports: Record<string, string> = { "#node-parts": "node/node-parts" };

interface Import {
  from: string;
  to: string;
}

function readSources(folder: string): Map<string, string> {
  const source = path.join(repository, "packages", folder, "src");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return new Map(files.map((file) => [nameOf(file), readFileSync(path.join(source, file), "utf8")]));
}

/** `engines/engine.ts` → `engines/engine`. */
function nameOf(file: string): string {
  return file.replaceAll(path.sep, "/").replace(/\.(ts|js)$/, "");
}

function findImports(sources: ReadonlyMap<string, string>): Import[] {
  return [...sources].flatMap(([from, text]) =>
    [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(?:\/\*.*?\*\/\s*)?["'`]((?:\.{1,2}\/|#)[^"'`\s]+)["'`]/gs)].flatMap(
      ([, specifier = ""]) => {
        const to = specifier.startsWith("#")
          ? namedImports[specifier]
          : nameOf(path.join(path.dirname(from), specifier));
        // A package may import its own manifest.
        return to === undefined || to.startsWith("..") ? [] : [{ from, to }];
      },
    ),
  );
}

function roomOf(file: string, list: readonly string[]): string {
  const fitting = list.filter((room) => file === room || file.startsWith(`${room}/`));
  return fitting.sort((one, other) => other.length - one.length)[0] ?? `no room for ${file}`;
}

describe.each(Object.entries(rooms))("%s", (folder, list) => {
  const sources = readSources(folder);
  const imports = findImports(sources);

  test("every file has a room, and every room has files", () => {
    const used = new Set([...sources.keys()].map((file) => roomOf(file, list)));
    expect([...used].sort()).toEqual([...list].sort());
  });

  test("no import points upward", () => {
    const runsUp = ({ from, to }: Import) => list.indexOf(roomOf(to, list)) < list.indexOf(roomOf(from, list));
    expect(imports.length).toBeGreaterThan(5);
    // Data of a package is not a source.
    expect(imports.filter(({ to }) => !sources.has(to) && !to.endsWith(".json"))).toEqual([]);
    expect(imports.filter(runsUp).map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("no file imports its own package by name", () => {
    const own = new RegExp(`["'\`]@nanoagent/${folder}["'\`/]`);
    const code = [...sources].map(([file, text]) => [file, text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, "")] as const);
    const found = code.filter(([, text]) => new RegExp(`\\b(?:from|import)\\s*\\(?\\s*${own.source}`).test(text));
    expect(found.map(([file]) => file)).toEqual([]);
  });

  test("no two files import each other", () => {
    const known = new Set(imports.map(({ from, to }) => `${from} → ${to}`));
    const mutual = imports.filter(({ from, to }) => known.has(`${to} → ${from}`));
    expect(mutual.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("no file has more than 400 lines", () => {
    const long = [...sources].filter(([, text]) => text.split("\n").length > 401).map(([file]) => file);
    expect(long).toEqual([]);
  });
});

test("every package with sources has its rooms listed here", () => {
  const folders = readdirSync(path.join(repository, "packages")).filter((folder) => folder !== "bench");
  expect(Object.keys(rooms).sort()).toEqual(folders.sort());
});
