import { packageBuild } from "../../scripts/tsup.base";

export default packageBuild([], {
  groups: [
    { file: "index.js", parts: ["index"] },
    // Code for `profile --measure` and for details of the device, loaded when it is asked for.
    { file: "measure.js", parts: ["measure/run-measurement", "tool-facts"] },
  ],
});
