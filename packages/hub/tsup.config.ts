import { packageBuild } from "../../scripts/tsup.base";

export default packageBuild([], {
  groups: [
    { file: "local-models.js", parts: ["local-models"] },
    { file: "index.js", parts: ["index"] },
    { file: "testing.js", parts: ["testing/index"] },
    // Only recommendations and names of one word need it.
    { file: "catalogue.js", parts: ["catalogue/catalogue.json"] },
    { file: "tar.js", parts: ["modern-tar"] },
  ],
});
