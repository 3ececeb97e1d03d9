// A child of the bench: `node run-model.mjs CONTENDER FOLDER ADDON MODEL` and what is wanted of it; prints figures as JSON.
import { runBareLoop } from "./bare-loop.mjs";
import { openHostedModel } from "./hosted-model.mjs";
import { modelTask } from "./model-task.mjs";

const [, , contender = "", folder = "", addonPackage = "", modelPath = ""] = process.argv;
const task = modelTask(modelPath);
if (contender === "bare") {
  process.stdout.write(JSON.stringify(await runBareLoop(addonPackage, task)));
} else {
  const model = await openHostedModel(folder, task);
  const figures = await model.ask();
  const more =
    contender === "hosted-all"
      ? { ...(await model.grow()), ...(await model.respawn()), ...(await model.restart()) }
      : {};
  await model.close();
  process.stdout.write(JSON.stringify({ ...figures, ...more }));
}
// Native threads that still wind down are nobody's concern.
process.exit();
