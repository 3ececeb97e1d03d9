import { realpath } from "node:fs/promises";
import path from "node:path";
import type { BundleModel } from "@nanoagent/fleet/bundles";
import { NanoAgentError } from "@nanoagent/models";
import { plainLine } from "../output/plain-text.js";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import type { Streams } from "../streams.js";

/**
 * Returns the path of the model with a name. A file of another program is read once, to compare it with its hash, before
 * its first use; a status line shows the progress. With the path of a config that names the model, a config of a release gets
 * the file with the hash of its bundle, whatever the name leads to now.
 */
export async function findNamedModel(
  name: string,
  { stderr, stop }: Pick<Streams, "stderr" | "stop">,
  config?: string,
): Promise<string> {
  const signed = config === undefined ? null : await findSignedModel(name, config);
  const { findContents, readHubEnvironment, resolveAnyName } = await import("@nanoagent/hub/local-models");
  const status = new StatusLine(stderr, terminalAbilities(stderr, process.env, false));
  try {
    const onHash = ({ hashedBytes, totalBytes }: { hashedBytes: number; totalBytes: number }) =>
      status.update(
        () => `Verifying ${plainLine(name)}: ${Math.floor((100 * hashedBytes) / Math.max(1, totalBytes))} %`,
      );
    const options = { onHash, signal: stop };
    if (signed === null) return (await resolveAnyName(name, readHubEnvironment(), options)).path;
    const found = await findContents({ bytes: signed.size, sha256: signed.sha256 }, readHubEnvironment(), options);
    if (found === null) throw missingModel(signed);
    return found.path;
  } catch (error) {
    if (!stop.aborted || NanoAgentError.isInstance(error)) throw error;
    throw new NanoAgentError({ code: "aborted", message: `Interrupted while ${plainLine(name)} was verified.` });
  } finally {
    status.clear();
  }
}

/** Returns the model of a config's release with this name; null for a config that is not part of a release. */
async function findSignedModel(name: string, config: string): Promise<BundleModel | null> {
  const folder = await realpath(path.dirname(path.resolve(config))).catch(() => "");
  // Without releases, the code of bundles is not loaded.
  if (path.basename(path.dirname(folder)) !== "releases") return null;
  const { modelsOfRelease } = await import("@nanoagent/fleet/bundles");
  const models = await modelsOfRelease(config);
  return models?.find((model) => model.name === name) ?? null;
}

function missingModel({ name, source, sha256 }: BundleModel): NanoAgentError {
  return new NanoAgentError({
    code: "model-not-downloaded",
    message: `The model ${plainLine(name)} of this release is not on this device.`,
    reason: `Its bundle needs the file with the SHA-256 ${sha256}, whatever the name leads to now.`,
    hint: `Apply the bundle again, which downloads it from ${plainLine(source)}, or bring it with nanoagent models import.`,
  });
}
