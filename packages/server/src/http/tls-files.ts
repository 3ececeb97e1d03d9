import { readFile } from "node:fs/promises";
import type { TlsSettings } from "@nanoagent/models";
import { listenFailed } from "./listen-error.js";

/** Certificate and key of a service, as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Reads certificate and key. Throws {@link ServiceError} `listen-failed` that names the file at fault. */
export async function readTlsFiles({ certificate_path, key_path }: TlsSettings): Promise<TlsFiles> {
  const cert = await readPem("certificate", certificate_path);
  const key = await readPem("key", key_path);
  const { createSecureContext } = await import("node:tls");
  const check = (files: Partial<TlsFiles>, message: string, hint: string) => {
    try {
      createSecureContext(files);
    } catch (cause) {
      throw listenFailed(message, hint, cause);
    }
  };
  const pem = (kind: string) => `It must contain a ${kind} in PEM form, without a passphrase.`;
  check({ cert }, `The certificate ${certificate_path} cannot be used.`, pem("certificate"));
  check({ key }, `The key ${key_path} cannot be used.`, pem("private key"));
  const both = `The key ${key_path} does not belong to the certificate ${certificate_path}.`;
  check({ cert, key }, both, "Set serve.tls.certificate_path and serve.tls.key_path to files that were made together.");
  return { cert, key };
}

async function readPem(kind: string, path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    const hint = `Set serve.tls.${kind}_path to a file that this user can read.`;
    throw listenFailed(`The ${kind} ${path} cannot be read (${code}).`, hint, cause);
  }
  // An empty text would mean a service without a certificate.
  if (text.trim() !== "") return text;
  throw listenFailed(`The ${kind} ${path} is empty.`, `Set serve.tls.${kind}_path to a PEM file.`);
}
