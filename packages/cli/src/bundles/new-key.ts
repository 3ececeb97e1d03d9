import { chmod, rm } from "node:fs/promises";
import { makeKeyPair } from "@nanoagent/fleet/bundles";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainLine, plainText } from "../output/plain-text.js";
import { writeNewFile } from "../write-new-file.js";

const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/** Writes a new pair of keys: the private one, which only its owner may read, and the public one beside it. */
export const writeNewKey: CommandAction = async (values, { stdout, stderr }) => {
  const file = String(values.path);
  const publicFile = `${file}.pub`;
  const { privatePem, publicPem, publicLine, fingerprint } = makeKeyPair();
  await writeNewFile(file, privatePem, SECRET_MODE);
  try {
    await writeNewFile(publicFile, publicPem);
    await chmod(publicFile, PUBLIC_MODE);
  } catch (error) {
    // A key without its other half is of no use.
    await rm(file, { force: true });
    throw error;
  }
  if (values.json) {
    stdout.write(formatJson({ path: file, public_path: publicFile, public_key: publicLine, fingerprint }));
    return exitCodes.done;
  }
  stderr.write(
    plainText(
      `Wrote ${plainLine(file)}, which signs bundles and must stay secret, and ${plainLine(publicFile)}.\n` +
        `Its fingerprint is ${fingerprint}. For fleet.trust in the config of each device:\n`,
    ),
  );
  stdout.write(`${publicLine}\n`);
  return exitCodes.done;
};
