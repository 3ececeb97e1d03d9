// Child process: `node several-tokens-child.mjs FOLDER MODEL PAIRS` prints the effect of drafts as JSON.
import { importFromFolder } from "../import-from-folder.mjs";
import { measureSeveralTokens } from "./several-tokens.mjs";

const [, , folder = "", modelPath = "", pairs = "3"] = process.argv;
const figures = await measureSeveralTokens(await importFromFolder(folder), { modelPath, pairs: Number(pairs) });
process.stdout.write(JSON.stringify(figures), () => process.exit());
