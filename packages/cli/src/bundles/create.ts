import { type BundleHead, createBundle, FleetError } from "@nanoagent/fleet/bundles";
import { listOf } from "../command-line/check-values.js";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainLine, plainText } from "../output/plain-text.js";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import { pathOperand } from "./command-line-files.js";
import { describeBundle, factsOf } from "./describe-bundle.js";
import { findBundleModels } from "./find-bundle-models.js";
import { findSessionInside, findSmokeProblems } from "./find-source-problems.js";
import { unlessStopped } from "./unless-stopped.js";

/** Makes a bundle from a folder, without a signature. */
export const createFromFolder: CommandAction = async (values, streams) => {
  const { stdout, stderr, stop } = streams;
  const sequence = readSequence(values);
  const folder = await pathOperand(values, { isFolder: true });
  const out = String(values.out);
  const problems = await findSmokeProblems(folder);
  if (problems.length > 0) {
    throw new FleetError({
      code: "bundle-not-created",
      message: `The bundle ${out} cannot be created.`,
      reason: problems.join(" "),
      hint: "Correct the smoke questions, then run the same command again.",
    });
  }
  const models = await findBundleModels(folder, listOf(values.model), streams);
  const status = new StatusLine(stderr, terminalAbilities(stderr, process.env, false));
  status.begin(() => `Packing ${plainLine(folder)}`);
  let head: BundleHead;
  try {
    head = await unlessStopped(stop, "the bundle was created", () =>
      createBundle({
        folder,
        out,
        name: String(values.name),
        version: String(values.version),
        sequence,
        requires: values.requires === undefined ? undefined : { nanoagent: String(values.requires) },
        models,
        signal: stop,
      }),
    );
  } finally {
    status.clear();
  }
  const session = await findSessionInside(folder);
  if (session !== null) {
    stderr.write(
      plainText(
        `warning: session.dir is ${plainLine(session)}, inside the bundle, so every update would begin with an empty session. ` +
          "Set it to ../session.\n",
      ),
    );
  }
  if (values.json) {
    stdout.write(formatJson({ path: out, ...factsOf(head) }));
    return exitCodes.done;
  }
  stdout.write(plainText(describeBundle(head)));
  const hidden = head.manifest.files.filter(({ path }) => /(?:^|\/)\./.test(path));
  if (hidden.length > 0) {
    stderr.write(plainText(`It contains hidden files: ${hiddenNames(hidden.map(({ path }) => path))}.\n`));
  }
  stderr.write(plainText(`Wrote ${out}. To sign it:\n  nanoagent bundle sign ${plainLine(out)} --key KEY\n`));
  return exitCodes.done;
};

/** Most names of hidden files that are shown. */
const SHOWN_NAMES = 5;

function hiddenNames(paths: readonly string[]): string {
  const more = paths.length - SHOWN_NAMES;
  return `${paths.slice(0, SHOWN_NAMES).map(plainLine).join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

function readSequence({ sequence }: OptionValues): number {
  if (typeof sequence === "number" && Number.isSafeInteger(sequence)) return sequence;
  throw new UsageError({
    message: `--sequence takes a positive integer, found "${sequence}".`,
    reason: "Devices compare it with the sequence of the bundle that they have.",
    hint: "Pass the sequence of the last bundle plus one; 1 for the first.",
  });
}
