import { signBundle } from "@nanoagent/fleet/bundles";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainLine, plainText } from "../output/plain-text.js";
import { inKeyFile, pathOperand, readKeyFile } from "./command-line-files.js";
import { describeBundle, factsOf } from "./describe-bundle.js";
import { unlessStopped } from "./unless-stopped.js";

/** Adds a signature to a bundle. */
export const signFile: CommandAction = async (values, { stdout, stderr, stop }) => {
  const file = await pathOperand(values);
  const keyFile = String(values.key);
  const key = await readKeyFile("--key", keyFile);
  const { head, fingerprint } = await inKeyFile(keyFile, () =>
    unlessStopped(stop, "the bundle was signed", () => signBundle(file, key, { signal: stop })),
  );
  if (values.json) stdout.write(formatJson({ path: file, key: fingerprint, ...factsOf(head) }));
  else {
    stdout.write(plainText(describeBundle(head)));
    const { length } = head.signatures;
    const count = length === 1 ? "" : ` It has ${length} signatures.`;
    stderr.write(plainText(`Signed ${plainLine(file)} with the key ${fingerprint}.${count}\n`));
  }
  return exitCodes.done;
};
