/** Schemes of model addresses, at the start of a path or after a folder that was joined to it. */
const ADDRESS =
  /(?:^|[\\/])((?:https?|ftps?|sftp|s3|gs|hf|huggingface|ollama|modelscope|oci|docker|git|ipfs|magnet|data|file):.*)$/i;
const OTHER_SCHEME = /(?:^|[\\/])([a-z][a-z0-9+.-]{1,30}:[\\/]{1,2}[^\\/].*)$/i;
/** Hosts of models, in addresses without a scheme. */
const HOST = /(?:^|[\\/])((?:www\.)?(?:huggingface\.co|hf\.co|ollama\.com|modelscope\.cn)[\\/].*)$/i;

/** Addresses that `nanoagent models pull` downloads from. */
const PULLED = /^(?:https?|hf|ollama):|^(?:www\.)?(?:huggingface\.co|hf\.co|ollama\.com)[\\/]/i;

/** Returns the address in a path, such as `https://host/model.gguf`, or null for an ordinary path. */
export function addressIn(path: string): string | null {
  const [, found] = ADDRESS.exec(path) ?? OTHER_SCHEME.exec(path) ?? HOST.exec(path) ?? [];
  // Joining the address to a folder removed one of its slashes.
  return found?.replaceAll("\\", "/").replace(/^([a-z][a-z0-9+.-]*):\/+/i, "$1://") ?? null;
}

/** Returns advice for a model address that was given as a path. */
export function adviseOnAddress(address: string): string {
  if (/^file:/i.test(address)) return "Write the path alone, without file://.";
  return PULLED.test(address)
    ? `Download it, and use the path that this prints: nanoagent models pull ${address}`
    : "Download the .gguf file with another program, and name its path on this device.";
}
