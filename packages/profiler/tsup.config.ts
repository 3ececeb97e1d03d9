import { packageBuild } from "../../scripts/tsup.base";

export default packageBuild([], {
  groups: [
    { file: "index.js", parts: ["index"] },
    // What only a measurement and a deep look at a device need.
    { file: "measure.js", parts: ["measure/run-measurement", "tool-facts"] },
  ],
});
