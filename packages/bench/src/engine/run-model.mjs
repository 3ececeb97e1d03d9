// Child process: `node run-model.mjs hosted|hosted-all FOLDER MODEL` prints figures of the engine's host as JSON.
import { openHostedModel } from "./hosted-model.mjs";
import { modelTask } from "./model-task.mjs";

const [, , contender = "", folder = "", modelPath = ""] = process.argv;
const model = await openHostedModel(folder, modelTask(modelPath));
const figures = await model.ask();
const more =
  contender === "hosted-all" ? { ...(await model.grow()), ...(await model.respawn()), ...(await model.restart()) } : {};
await model.close();
process.stdout.write(JSON.stringify({ ...figures, ...more }));
// Does not wait for native threads that are still ending.
process.exit();
