import type { Options } from "tsup";
import { packageBuild } from "../../scripts/tsup.base";

/** Modules that are left out: those that only a login by OAuth needs, and a validator that the runtime replaces. */
const leftOut: Record<string, string> = {
  "pkce-challenge": "export default undefined;",
  jose: "export {};",
  "@modelcontextprotocol/client/_shims":
    "export const CORS_IS_POSSIBLE = false; export class DefaultJsonSchemaValidator {}",
};

const leaveOut: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "leave-out",
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path }) =>
      Object.hasOwn(leftOut, path) ? { path, namespace: "left-out" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "left-out" }, ({ path }) => ({ contents: leftOut[path] ?? "" }));
  },
};

// The program contains all its dependencies, so that a device installs one package and a start reads one file. Code
// that only one command needs is a separate chunk.
export default packageBuild([], {
  entry: {
    main: "./src/main.ts",
    program: "./src/program.ts",
    "host-program": "../runtime/src/engines/host-program.ts",
  },
  noExternal: [/^(?!node:)/],
  dts: false,
  groups: [
    // Code that several commands need.
    { file: "program.js", parts: ["program"] },
    { file: "profile.js", parts: ["profile/show-profile", "profile/format-details", "profiler/index"] },
    // Running an agent.
    {
      file: "run-agent.js",
      parts: [
        "run/run-agent",
        "input/piped-input",
        "runtime/node/node-parts",
        "runtime/session/journal/open-session",
        "runtime/skills/open-skills",
        "runtime/skills/read-skills",
        "runtime/intents/intent-matcher",
        "runtime/intents/invalid-intents-error",
        "runtime/intents/run-intent",
        "runtime/context/summarize-turns",
      ],
    },
    // Interactive input.
    {
      file: "terminal.js",
      parts: [
        "input/terminal-input",
        "input/plain-input",
        "input/input-history",
        "input/questions",
        "output/word-wrap",
      ],
    },
    { file: "yaml.js", parts: ["yaml"] },
    {
      file: "tools.js",
      parts: [
        "runtime/tool-registry",
        "runtime/tools/tool-set",
        "runtime/tools/tool-shortlist",
        "runtime/tools/simplify-schema",
        "runtime/json-schema/read-schema",
        "runtime/json-schema/check-value",
        "runtime/json-schema/convert-slips",
        "runtime/json-schema/resolve-json-schema",
        "runtime/json-schema/validate-json",
        "runtime/memory/tool-memory",
        "runtime/tools/command/command-tool",
      ],
    },
    {
      file: "acts.js",
      parts: ["runtime/tool-calls/call-sieve", "runtime/choosing/unwanted-acts", "runtime/acts/act-truth"],
    },
    { file: "local-model.js", parts: ["runtime/engines/llama/open-llama-engine", "optimizer/index"] },
    { file: "openai-compatible.js", parts: ["runtime/engines/openai-compatible/open-from-settings"] },
    // Its client uses three times as much of zod as the rest.
    {
      file: "mcp.js",
      parts: ["runtime/tools/mcp/open-mcp-servers", "@modelcontextprotocol/client", "left-out:jose"],
      copies: ["zod"],
    },
    // Before the downloads, which plan as it does: a file takes code that it has in common with later ones.
    { file: "optimize.js", parts: ["optimize/optimize-model", "optimize/calibrate-device"] },
    { file: "local-models.js", parts: ["hub/local-models"] },
    {
      file: "hub.js",
      parts: [
        "hub/index",
        "models/manage-models",
        "models/recommend-for-device",
        "models/pull-by-name",
        "models/show-store",
        "models/keep-store",
      ],
    },
    { file: "catalogue.js", parts: ["hub/catalogue/catalogue.json"] },
    { file: "tar.js", parts: ["modern-tar"] },
    {
      file: "serve.js",
      parts: [
        "serve/serve-agent",
        "status/show-status",
        "server/index",
        "server/program",
        "server/http/node-listener",
        "server/status/status-socket",
        "server/status/service-places",
        "runtime/node/index",
      ],
    },
    { file: "metrics.js", parts: ["server/metrics/write-metrics"] },
    { file: "wyoming.js", parts: ["server/wyoming/wyoming-listener", "server/wyoming/announcement"] },
    { file: "multicast-dns.js", parts: ["multicast-dns"] },
    { file: "page.js", parts: ["server/page/page-desk", "server/page/page-files-reply"] },
    { file: "mqtt.js", parts: ["server/mqtt/index", "server/mqtt/open-broker"] },
    {
      file: "triggers.js",
      parts: [
        "server/triggers/index",
        "server/trigger-program-parts",
        "server/automation/event-socket",
        "server/triggers/schedules/next-run",
        "server/triggers/schedules/read-rule",
        "server/triggers/schedules/schedule-source",
        "server/triggers/schedules/wall-clock",
        "server/triggers/answers/mqtt-answer",
        "server/triggers/answers/command-answer",
        "server/triggers/answers/http-answer",
        "server/triggers/answers/file-answer",
      ],
    },
    {
      file: "manage-triggers.js",
      parts: [
        "triggers/manage-triggers",
        "triggers/list-triggers",
        "triggers/run-trigger",
        "triggers/show-log",
        "triggers/test-trigger",
      ],
    },
    { file: "service.js", parts: ["service/manage-service"] },
    { file: "manage-sessions.js", parts: ["sessions/manage-sessions"] },
    { file: "check-agent.js", parts: ["check/check-agent", "serve/find-errors"] },
    { file: "evaluate-engines.js", parts: ["eval/evaluate-engines", "bundles/prove"] },
    // Bundles and releases, also for a service that runs from a release.
    { file: "releases.js", parts: ["fleet/bundles"] },
    { file: "fleet-member.js", parts: ["fleet/index"] },
    // A service that runs from a release loads none of the commands.
    { file: "service-updates.js", parts: ["serve/service-host", "updates/update-socket", "bundles/release-host"] },
    {
      file: "bundles.js",
      parts: [
        "bundles/manage-bundles",
        "bundles/create",
        "bundles/sign",
        "bundles/verify",
        "bundles/new-key",
        "bundles/apply",
        "bundles/rollback",
        "bundles/list",
        "bundles/pull-bundle-model",
      ],
    },
    {
      file: "fleet.js",
      parts: [
        "fleet/manage-fleet",
        "fleet/list",
        "fleet/show",
        "fleet/watch",
        "fleet/fit",
        "fleet/ask",
        "fleet/trigger",
        "fleet/update",
        "fleet/forget",
      ],
    },
    // After check, services and sessions, whose code it uses.
    { file: "doctor.js", parts: ["doctor/run-doctor"] },
    // The files with isAlone import no other file, and no other imports them.
    { file: "host-program.js", parts: ["runtime/engines/host-program"], isAlone: true },
    {
      file: "llama-engine.js",
      parts: [
        "runtime/engines/llama/llama-engine",
        "runtime/engines/llama/grammar/schema-to-grammar",
        "runtime/engines/llama/embed-texts",
      ],
      isAlone: true,
    },
    { file: "tool-chooser.js", parts: ["runtime/engines/llama/tool-chooser"], isAlone: true },
    // It waits for the end of the program, so no other file may import it.
    { file: "main.js", parts: ["main"], isAlone: true },
    // Commands that run once on a device, and explanations.
    {
      file: "setup.js",
      parts: [
        "completion/print-completion",
        "init/init-agent",
        "profile/save-device",
        "profile/show-measurement",
        "profiler/tool-facts",
        "profiler/measure/run-measurement",
        "runtime/engines/llama/index",
        "runtime/engines/llama/check-llama-engine",
        "runtime/engines/llama/check-llama-addon",
        "runtime/engines/llama/explain-package",
        "runtime/engines/llama/template-notices",
        "runtime/tools/mcp/open-channel",
        "models/index",
      ],
    },
  ],
  sources: { "@nanoagent/models": "../models/src/index.ts" },
  copies: {
    "src/eval/suite": "dist/suite",
    "../models/schemas/nano-agent-config.json": "dist/schemas/nano-agent-config.json.br",
  },
  esbuildPlugins: [leaveOut],
  esbuildOptions: (options) => {
    options.conditions = ["@nanoagent/source"];
    options.mainFields = ["module", "main"];
  },
});
