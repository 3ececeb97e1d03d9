import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIP, isIPv6 } from "node:net";
import os from "node:os";
import { cutText } from "@nanoagent/models";
import type { MulticastDNS, QueryPacket, ResponseOutgoingPacket } from "multicast-dns";
import type { Log } from "../log/log-entry.js";

const SERVICE = "_wyoming._tcp.local";
/** Name under which all kinds of services are listed. */
const ALL_SERVICES = "_services._dns-sd._udp.local";
const MDNS_PORT = 5353;
/** How long others keep the records. */
const RECORD_SECONDS = 120;
/** Time between the first two announcements. */
const REPEAT_MILLISECONDS = 1000;
/** Time between two looks at the network interfaces: a device may start before its network. */
const LOOK_MILLISECONDS = 15_000;
/** Most answers in a second on an interface. */
const MAX_ANSWERS = 10;
const SECOND_MILLISECONDS = 1000;
/** Most network interfaces. A machine with containers has many. */
const MAX_INTERFACES = 16;
/** Longest part of a host's name in the name of the service. */
const MAX_HOST_CHARACTERS = 30;
/** Longest label of a name, in bytes. */
const MAX_LABEL_BYTES = 63;
/** Longest query, in bytes: usual ones fit into a packet of Ethernet. The library can need 250 ms for 64 KB. */
const MAX_QUERY_BYTES = 1500;
/** Most questions and known answers of a query. The library reserves 2 MB for 12 bytes that claim many. */
const MAX_QUERY_RECORDS = 128;
const HEADER_BYTES = 12;

type DnsRecord = ResponseOutgoingPacket["answers"][number] & { readonly flush: boolean };

/** A network interface of this machine. */
export interface NetworkInterface {
  /** Its IPv4 address, by which it is chosen. */
  readonly address: string;
  /** All addresses of the machine on it. */
  readonly addresses: readonly string[];
}

export interface AnnouncementOptions {
  /** Name of the agent. */
  readonly name: string;
  /** Address that the service listens on, which may stand for all addresses. */
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** Interfaces to announce it on. Default: those of the machine, except loopback. */
  readonly interfaces?: () => readonly NetworkInterface[];
  /** Name of the machine. Default: the system's. */
  readonly hostName?: string;
  /** Port of the protocol. Default: 5353. */
  readonly mdnsPort?: number;
}

/**
 * Announces a service on the local network by mDNS (RFC 6762), so that Home Assistant finds it: at the start, when a
 * network appears, and when somebody asks. At the end it says goodbye. Failures are lines of the log.
 */
export class Announcement {
  readonly #options: AnnouncementOptions;
  readonly #mdnsPort: number;
  readonly #instance: string;
  readonly #host: string;
  /** Responders on one interface each, by its address. */
  readonly #responders = new Map<string, MulticastDNS>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #second = 0;
  /** Answers in that second, by address of the interface, and those to single programs. */
  readonly #answers = new Map<string, number>();
  #isClosed = false;
  #hasFailed = false;

  constructor(options: AnnouncementOptions) {
    const { name, port, hostName = os.hostname() } = options;
    const machine = cutText(hostName.replace(/\..*$/, ""), MAX_HOST_CHARACTERS);
    this.#options = options;
    this.#mdnsPort = options.mdnsPort ?? MDNS_PORT;
    this.#instance = `${asLabel(`${cutText(name, MAX_HOST_CHARACTERS)} on ${machine}`)}.${SERVICE}`;
    // Apart from the machine's own name, for which its system answers.
    this.#host = `${asLabel(`nanoagent-${machine}-${port}`)}.local`;
  }

  /** Begins to announce the service. */
  async open(): Promise<void> {
    await this.#look();
    const timer = setInterval(() => void this.#look(), LOOK_MILLISECONDS).unref();
    this.#timers.add(timer);
  }

  /** Says that the service ends. Resolves when everybody could have heard it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
    await this.#send(this.#records().map((record) => ({ ...record, ttl: 0 })));
    for (const address of this.#responders.keys()) this.#drop(address);
  }

  #interfaces(): readonly NetworkInterface[] {
    return (this.#options.interfaces ?? machineInterfaces)().slice(0, MAX_INTERFACES);
  }

  /** Opens the interfaces that are new, and announces the service if there are any. */
  async #look(): Promise<void> {
    const interfaces = this.#interfaces();
    const present = new Set(interfaces.map(({ address }) => address));
    for (const address of this.#responders.keys()) if (!present.has(address)) this.#drop(address);
    const fresh = interfaces.filter(({ address }) => !this.#responders.has(address));
    for (const { address } of fresh) await this.#openResponder(address);
    if (!fresh.some(({ address }) => this.#responders.has(address))) return;
    await this.#send(this.#records());
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#send(this.#records());
    }, REPEAT_MILLISECONDS).unref();
    this.#timers.add(timer);
  }

  async #openResponder(address: string): Promise<void> {
    const { default: multicastDns } = await import("multicast-dns");
    if (this.#isClosed) return;
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    const responder = multicastDns({ socket, interface: address, bind: "0.0.0.0", port: this.#mdnsPort });
    readQueriesAlone(socket);
    this.#responders.set(address, responder);
    const fail = (error: Error) => {
      // The library also warns of queries that it cannot read.
      if (!("syscall" in error)) return;
      this.#fail(error);
      // When the library is done: it goes on with the socket. The next look opens it again.
      setImmediate(() => this.#drop(address, responder));
    };
    responder.on("warning", fail).on("error", fail);
    responder.on("query", (query, from) => this.#receive(query, from, address));
    await new Promise((resolve) => responder.once("ready", resolve).once("error", resolve));
    // After failures at its start.
    await new Promise(setImmediate);
    socket.unref();
  }

  #drop(address: string, responder = this.#responders.get(address)): void {
    responder?.destroy();
    if (this.#responders.get(address) === responder) this.#responders.delete(address);
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.log({
      level: "warn",
      event: "announcement-failed",
      message: "The Wyoming service cannot be announced on the local network. Clients need its address and port.",
      error: error instanceof Error ? error.message : String(error),
    });
  }

  #receive({ id, questions = [] }: QueryPacket, from: RemoteInfo, address: string): void {
    const all = this.#records();
    const asked = questions.filter((question) => all.some((record) => isAsked(record, question)));
    if (asked.length === 0) return;
    // A program that does not listen to everybody's messages gets one answer, with its id and question.
    const isAlone = from.port !== this.#mdnsPort;
    if (!this.#mayAnswer(isAlone ? "" : address)) return;
    // The addresses are needed with everything else.
    const answers = all.filter((record) => record.flush || asked.some((question) => isAsked(record, question)));
    const responder = this.#responders.get(address);
    if (!isAlone) responder?.respond({ answers });
    else {
      const plain = answers.map((record) => ({ ...record, flush: false }));
      responder?.respond({ id, questions: asked.map(({ name, type }) => ({ name, type })), answers: plain }, from);
    }
  }

  #mayAnswer(to: string): boolean {
    const second = Math.floor(Date.now() / SECOND_MILLISECONDS);
    if (second !== this.#second) this.#answers.clear();
    this.#second = second;
    const count = (this.#answers.get(to) ?? 0) + 1;
    this.#answers.set(to, count);
    return count <= MAX_ANSWERS;
  }

  #records(): DnsRecord[] {
    const { host, port } = this.#options;
    const shared = { ttl: RECORD_SECONDS, flush: false };
    // Nobody else has records of these names.
    const own = { ttl: RECORD_SECONDS, flush: true };
    return [
      { ...shared, name: SERVICE, type: "PTR", data: this.#instance },
      { ...shared, name: ALL_SERVICES, type: "PTR", data: SERVICE },
      { ...own, name: this.#instance, type: "SRV", data: { port, target: this.#host } },
      { ...own, name: this.#instance, type: "TXT", data: "" },
      ...this.#addresses(host).map((data) => {
        return { ...own, name: this.#host, type: isIPv6(data) ? ("AAAA" as const) : ("A" as const), data };
      }),
    ];
  }

  /** Addresses by which clients reach the service. */
  #addresses(host: string): string[] {
    const all = this.#interfaces().flatMap(({ addresses }) => addresses);
    if (host === "::") return all;
    return host === "0.0.0.0" ? all.filter((address) => !isIPv6(address)) : [host].filter(isIP);
  }

  /** Sends records to everybody, on each interface. */
  async #send(answers: DnsRecord[]): Promise<void> {
    const sending = [...this.#responders.values()].map(
      // An interface that is gone is noticed at the next look.
      (responder) => new Promise<void>((resolve) => responder.respond({ answers }, () => resolve())),
    );
    await Promise.all(sending);
  }
}

/** Returns a label as a part of a name, without dots: the library would begin a new part at each. */
function asLabel(text: string): string {
  let label = text.replace(/[.\p{Cc}]/gu, "-");
  while (Buffer.byteLength(label) > MAX_LABEL_BYTES) label = [...label].slice(0, -1).join("");
  return label;
}

function isAsked(record: DnsRecord, { name, type }: { name: string; type: string }): boolean {
  return (type === record.type || type === "ANY") && record.name.toLowerCase() === name.toLowerCase();
}

/** Keeps from the library what costs it much time or memory, and the answers of others. */
function readQueriesAlone(socket: Socket): void {
  const readers = socket.listeners("message");
  socket.removeAllListeners("message");
  socket.on("message", (bytes, from) => {
    if (isQuery(bytes)) for (const read of readers) read.call(socket, bytes, from);
  });
}

/** Whether a message is a query of a usual size. */
function isQuery(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_QUERY_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records = [4, 6, 8, 10].reduce((sum, at) => sum + view.getUint16(at), 0);
  return (view.getUint8(2) & 0x80) === 0 && records <= MAX_QUERY_RECORDS;
}

/** Returns the network interfaces of this machine, without loopback. */
function machineInterfaces(): NetworkInterface[] {
  return Object.values(os.networkInterfaces()).flatMap((entries = []) => {
    const outside = entries.filter(({ internal }) => !internal);
    const four = outside.find(({ family }) => family === "IPv4");
    // Link-local addresses need the name of an interface, which differs on the other machine.
    const addresses = outside.map(({ address }) => address).filter((address) => !/^fe[89ab]/i.test(address));
    return four === undefined ? [] : [{ address: four.address, addresses }];
  });
}
