import { packageBuild } from "../../scripts/tsup.base";

export default packageBuild([], {
  groups: [{ file: "index.js", parts: ["index"] }],
});
