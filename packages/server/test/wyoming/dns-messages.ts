/** Bytes of a name, without compression. */
export function nameData(...labels: string[]): Buffer {
  const parts = labels.map((label) => Buffer.concat([Buffer.from([Buffer.byteLength(label)]), Buffer.from(label)]));
  return Buffer.concat([...parts, Buffer.of(0)]);
}

/** Head of a query. */
export const header = (questions: number, answers = 0) =>
  Buffer.from([0, 7, 0, 0, questions >> 8, questions & 0xff, answers >> 8, answers & 0xff, 0, 0, 0, 0]);

/** Names that each point to the name before, and as many records with the last of them. */
function pointerChain(bytes: number): Buffer {
  const links = Math.min(Math.floor(bytes / 4), 8000);
  const chain = Buffer.alloc(links * 2);
  const begin = 23;
  const pointer = (link: number) => 0xc000 + begin + link * 2;
  for (let link = 1; link < links; link++) chain.writeUInt16BE(pointer(link - 1), link * 2);
  const holder = Buffer.from([0, 0, 10, 0, 1, 0, 0, 0, 0, chain.length >> 8, chain.length & 0xff]);
  const record = Buffer.alloc(12);
  record.set([pointer(links - 1) >> 8, pointer(links - 1) & 0xff, 0, 10, 0, 1]);
  const records = Array<Buffer>(Math.floor((bytes - 23 - chain.length) / 12)).fill(record);
  return Buffer.concat([header(0, records.length + 1), holder, chain, ...records]);
}

/** Messages that cost a careless reader much time or memory. */
export const hostileMessages = [
  ...Array<Buffer>(10).fill(pointerChain(65_000)),
  ...Array<Buffer>(200).fill(header(0xffff, 0xffff)),
  pointerChain(1400),
  Buffer.concat([header(1), Buffer.from([0xc0, 12, 0, 12, 0, 1])]),
  Buffer.concat([header(1), Buffer.from([60, 1, 2])]),
  Buffer.concat([header(1), Buffer.of(0x7f), Buffer.alloc(200, 65)]),
  Buffer.concat([header(1), nameData(..."ab".repeat(60)), Buffer.from([0, 12, 0, 1])]),
  Buffer.concat([header(2), nameData("\u0000", "_tcp", "local"), Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.of(0)]),
  // An answer.
  Buffer.concat([Buffer.from([0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0])]),
  Buffer.alloc(0),
];
