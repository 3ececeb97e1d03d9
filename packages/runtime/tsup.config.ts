import { packageBuild } from "../../scripts/tsup.base";

// Beside what is exported: the host, which is started as a program, and what the import map names.
export default packageBuild(
  ["./src/engines/host-program.ts", "./src/node/node-parts.ts", "./src/node/without-node.ts"],
  { dts: { banner: '/// <reference lib="esnext.disposable" />' } },
);
