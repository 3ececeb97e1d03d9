/** One entry of a hand-made archive. */
export interface HandMadeEntry {
  name: string;
  body?: Uint8Array | string;
  /** Default: "0", a file. */
  type?: string;
  /** The size in the header. Default: that of the body. */
  size?: number;
  link?: string;
}

/** Returns one entry of a tar archive, with any header. */
export function tarEntry({ name, body = "", type = "0", size, link = "" }: HandMadeEntry): Buffer {
  const bytes = Buffer.from(body as string);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  const length = size ?? bytes.length;
  if (length > 0o77777777777) {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(length), 128);
  } else {
    header.write(`${length.toString(8).padStart(11, "0")}\0`, 124);
  }
  header.write("00000000000\0", 136);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write("ustar\x0000", 257);
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** Returns a tar archive of these entries. */
export function tarArchive(entries: readonly HandMadeEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(1_024)]);
}
