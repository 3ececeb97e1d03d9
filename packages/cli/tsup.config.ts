import type { Options } from "tsup";
import { packageBuild } from "../../scripts/tsup.base";

/** What only a login by OAuth needs, and a validator in place of which the runtime brings its own: left out. */
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

// The program carries all that it needs, so that a device installs one package and a start reads one file;
// what a command alone needs is a chunk of its own.
export default packageBuild([], {
  entry: { main: "./src/main.ts", "host-program": "../runtime/src/engines/host-program.ts" },
  noExternal: [/^(?!node:)/],
  dts: false,
  copies: { "src/eval/suite": "dist/suite" },
  esbuildPlugins: [leaveOut],
  esbuildOptions: (options) => {
    options.conditions = ["@nanoagent/source"];
    options.mainFields = ["module", "main"];
  },
});
