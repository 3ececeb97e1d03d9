import { packageBuild } from "../../scripts/tsup.base";

// The program carries all that it needs, so that a device installs one package and a start reads one file;
// what a command alone needs is a chunk of its own.
export default packageBuild([], {
  entry: { main: "./src/main.ts", "engine-host": "../runtime/src/engines/host/engine-host.ts" },
  noExternal: [/^(?!node:)/],
  dts: false,
  esbuildOptions: (options) => {
    options.conditions = ["@nanoagent/source"];
    options.mainFields = ["module", "main"];
  },
});
