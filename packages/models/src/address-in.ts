/** Ways to name a model that is elsewhere, as `scheme:` at the beginning or behind a folder that was put before it. */
const ADDRESS =
  /(?:^|[\\/])((?:https?|ftps?|sftp|s3|gs|hf|huggingface|ollama|modelscope|oci|docker|git|ipfs|magnet|data|file):.*)$/i;
const OTHER_SCHEME = /(?:^|[\\/])([a-z][a-z0-9+.-]{1,30}:[\\/]{1,2}[^\\/].*)$/i;
/** Hosts of models, as they are copied from a browser without the scheme. */
const HOST = /(?:^|[\\/])((?:www\.)?(?:huggingface\.co|hf\.co|ollama\.com|modelscope\.cn)[\\/].*)$/i;

/** Returns the address that a path was meant as, such as `https://host/model.gguf`; null for a path of another form. */
export function addressIn(path: string): string | null {
  const [, found] = ADDRESS.exec(path) ?? OTHER_SCHEME.exec(path) ?? HOST.exec(path) ?? [];
  // Joining it to a folder has taken one of its slashes.
  return found?.replaceAll("\\", "/").replace(/^([a-z][a-z0-9+.-]*):\/+/i, "$1://") ?? null;
}

/** Advice for a model that is named by an address where only a path is read. */
export function adviseOnAddress(address: string): string {
  return /^file:/i.test(address)
    ? "Write the path alone, without file://."
    : "Nothing is downloaded: download the .gguf file yourself, and name the path that it has on this device.";
}
