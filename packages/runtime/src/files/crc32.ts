import zlib from "node:zlib";
import { NanoAgentError } from "@nanoagent/models";

/**
 * The CRC-32 of bytes, continued from that of the bytes before. It is zlib's own function. An older Node does
 * not have it, and a named import would be a SyntaxError there as soon as the package is imported; this throws
 * {@link NanoAgentError} `node-too-old` when it is called.
 */
export const crc32: (bytes: Uint8Array, before?: number) => number = zlib.crc32 ?? refuseNode;

function refuseNode(): never {
  throw new NanoAgentError({
    code: "node-too-old",
    message: `nanoagent needs Node 20.19 or newer 20, or Node 22.12 or newer; this is Node ${process.versions.node}.`,
    hint: "Run it with one of these versions.",
  });
}
