import { type GgufHeader, InvalidModelFileError, parseGguf } from "@nanoagent/optimizer";
import type { RemoteFile } from "../sources/remote-model.js";
import type { RemoteAccess } from "./fetch-range.js";
import { changedSize, RemoteBytes } from "./remote-bytes.js";

/**
 * Reads the whole header of a file by one request, and closes the connection at its end. `path` is the path that the
 * header will have. Rejects with {@link InvalidModelFileError} for a file that is not a model, such as a web page, and
 * with a `HubError` if it is not received, or has another size than its source says. The size of a file that nothing
 * states is the end of its last tensor.
 */
export async function readFileHeader(file: RemoteFile, path: string, access: RemoteAccess): Promise<GgufHeader> {
  const source = await RemoteBytes.open(file, path, access);
  const expected = file.bytes ?? source.length;
  const isChanged = () => source.length !== expected || source.isShort;
  const failChanged = () => changedSize(file, source.isShort ? null : source.length, expected);
  try {
    const header = await parseGguf(path, source);
    if (isChanged()) throw failChanged();
    if (!source.isLengthKnown) return { ...header, file_bytes: dataEnd(header) };
    return header;
  } catch (error) {
    if (error instanceof InvalidModelFileError && error.fault === "cut-off" && isChanged()) throw failChanged();
    throw error;
  } finally {
    source.close();
  }
}

/** Returns the end of the last tensor. */
function dataEnd({ data_offset, tensors }: GgufHeader): number {
  return tensors.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), data_offset);
}
