import zlib from "node:zlib";
import { NanoAgentError } from "@nanoagent/models";

/**
 * Returns the CRC-32 of bytes, continued from the value of previous bytes. This is zlib's function. An older Node does
 * not have it, and a named import would be a SyntaxError as soon as the package is imported. This function throws
 * {@link NanoAgentError} `node-too-old` instead, when it is called.
 */
export const crc32: (bytes: Uint8Array, before?: number) => number = zlib.crc32 ?? refuseNode;

function refuseNode(): never {
  throw new NanoAgentError({
    code: "node-too-old",
    message: `nanoagent needs Node 20.19 or newer 20, or Node 22.12 or newer; this is Node ${process.versions.node}.`,
    hint: "Use one of these versions.",
  });
}
