import { verifyBundle } from "@nanoagent/fleet/bundles";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import { pathOperand, readTrustOption } from "./command-line-files.js";
import { describeBundle, factsOf } from "./describe-bundle.js";
import { unlessStopped } from "./unless-stopped.js";

/** Reads every byte of a bundle, and compares it with its hashes and with the keys that are trusted. */
export const verifyFile: CommandAction = async (values, { stdout, stderr, stop }) => {
  const file = await pathOperand(values);
  const keys = await readTrustOption(values);
  const { head, key } = await unlessStopped(stop, "the bundle was verified", () =>
    verifyBundle(file, { keys, signal: stop }),
  );
  if (values.json) stdout.write(formatJson({ ok: true, path: file, key: key.fingerprint, ...factsOf(head) }));
  else {
    stdout.write(plainText(describeBundle(head)));
    stderr.write(`Verified: the key ${key.fingerprint} has signed it, and every file has its hash.\n`);
  }
  return exitCodes.done;
};
