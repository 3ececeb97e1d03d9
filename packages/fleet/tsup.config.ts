import { packageBuild } from "../../scripts/tsup.base";

export default packageBuild([], {
  dts: { banner: '/// <reference lib="esnext.disposable" />' },
  groups: [
    // Signed bundles and the folders that they are unpacked to. They need no broker.
    { file: "bundles.js", parts: ["bundles"] },
    { file: "index.js", parts: ["index"] },
  ],
});
