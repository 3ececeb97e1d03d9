// A child of the bench: `node run-model.mjs hosted|hosted-all FOLDER MODEL`; prints figures of the engine's host as JSON.
import { openHostedModel } from "./hosted-model.mjs";
import { modelTask } from "./model-task.mjs";

const [, , contender = "", folder = "", modelPath = ""] = process.argv;
const model = await openHostedModel(folder, modelTask(modelPath));
const figures = await model.ask();
const more =
  contender === "hosted-all" ? { ...(await model.grow()), ...(await model.respawn()), ...(await model.restart()) } : {};
await model.close();
process.stdout.write(JSON.stringify({ ...figures, ...more }));
// Native threads that still wind down are nobody's concern.
process.exit();
