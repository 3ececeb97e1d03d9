import crypto from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { BlockList, isIPv6 } from "node:net";
import os from "node:os";
import { cutText } from "@nanoagent/models";
import type { MulticastDNS, QueryPacket, ResponseOutgoingPacket } from "multicast-dns";
import { machineId } from "../device/machine-id.js";
import type { Log } from "../log/log-entry.js";
import { readNetwork } from "./client-rules.js";
import { machineInterfaces, type NetworkInterface } from "./network-interface.js";

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
/** Characters that tell services of the same name apart: other machines, and other ports of this one. */
const MARK_CHARACTERS = 4;
/** Longest label of a name, in bytes. */
const MAX_LABEL_BYTES = 63;
/** Longest query, in bytes: usual ones fit into a packet of Ethernet. The library can need 250 ms for 64 KB. */
const MAX_QUERY_BYTES = 1500;
/** Most questions and known answers of a query. The library reserves 2 MB for 12 bytes that claim many. */
const MAX_QUERY_RECORDS = 128;
const HEADER_BYTES = 12;

type DnsRecord = ResponseOutgoingPacket["answers"][number] & { readonly flush: boolean };

/** An interface on which the service is announced. */
interface Link {
  readonly responder: MulticastDNS;
  /** The interface at the last look. */
  facts: NetworkInterface;
  /** The addresses of its networks. */
  neighbors: BlockList;
}

export interface AnnouncementOptions {
  /** Name of the agent. */
  readonly name: string;
  /** IP address that the service listens on, which may stand for all addresses. */
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** Interfaces to announce it on. Default: those of the machine, except loopback. */
  readonly interfaces?: () => readonly NetworkInterface[];
  /** Name of the machine. Default: the system's. */
  readonly hostName?: string;
  /** Text that tells this machine from others of the same name. Default: {@link machineId}. */
  readonly machine?: string;
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
  /** By the address of the interface. */
  readonly #links = new Map<string, Link>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #second = 0;
  /** Answers in that second, by address of the interface, and those to single programs. */
  readonly #answers = new Map<string, number>();
  #isClosed = false;
  #hasFailed = false;

  constructor(options: AnnouncementOptions) {
    const { name, port, hostName = os.hostname(), machine = machineId() } = options;
    const shortHost = cutText(hostName.replace(/\..*$/, ""), MAX_HOST_CHARACTERS);
    const mark = markOf(machine, port);
    this.#options = options;
    this.#mdnsPort = options.mdnsPort ?? MDNS_PORT;
    this.#instance = `${asLabel(`${cutText(name, MAX_HOST_CHARACTERS)} on ${shortHost}`, ` (${mark})`)}.${SERVICE}`;
    // Apart from the machine's own name, for which its system answers.
    this.#host = `${asLabel(`nanoagent-${shortHost}`, `-${mark}`)}.local`;
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
    await this.#send(0);
    for (const address of this.#links.keys()) this.#drop(address);
  }

  /** Looks for interfaces that appeared or are gone. Never rejects. */
  async #look(): Promise<void> {
    try {
      await this.#update();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Opens the interfaces that are new, and announces the service if there are any. */
  async #update(): Promise<void> {
    const interfaces = this.#interfaces();
    const present = new Set(interfaces.map(({ address }) => address));
    for (const address of this.#links.keys()) if (!present.has(address)) this.#drop(address);
    let hasNew = false;
    for (const facts of interfaces) {
      const known = this.#links.get(facts.address);
      if (known === undefined) hasNew = (await this.#openLink(facts)) || hasNew;
      else {
        known.facts = facts;
        known.neighbors = neighborsOf(facts);
      }
    }
    if (!hasNew) return;
    await this.#send();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#send();
    }, REPEAT_MILLISECONDS).unref();
    this.#timers.add(timer);
  }

  /** Returns the interfaces by which clients reach the service. */
  #interfaces(): readonly NetworkInterface[] {
    const all = (this.#options.interfaces ?? machineInterfaces)();
    return all.filter((facts) => this.#addressesOn(facts).length > 0).slice(0, MAX_INTERFACES);
  }

  /** Returns false if the interface cannot be used. */
  async #openLink(facts: NetworkInterface): Promise<boolean> {
    const { address } = facts;
    const { default: multicastDns } = await import("multicast-dns");
    if (this.#isClosed) return false;
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    const responder = multicastDns({ socket, interface: address, bind: "0.0.0.0", port: this.#mdnsPort });
    const link: Link = { responder, facts, neighbors: neighborsOf(facts) };
    readNearQueriesAlone(socket, link);
    this.#links.set(address, link);
    const fail = (error: Error) => {
      // The library also warns of queries that it cannot read.
      if (!("syscall" in error)) return;
      this.#fail(error);
      // When the library is done: it goes on with the socket. The next look opens it again.
      setImmediate(() => this.#drop(address, link));
    };
    responder.on("warning", fail).on("error", fail);
    responder.on("query", (query, from) => this.#receive(query, from, link));
    await new Promise((resolve) => responder.once("ready", resolve).once("error", resolve));
    // After failures at its start.
    await new Promise(setImmediate);
    socket.unref();
    return this.#links.get(address) === link;
  }

  #drop(address: string, link = this.#links.get(address)): void {
    link?.responder.destroy();
    if (this.#links.get(address) === link) this.#links.delete(address);
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

  #receive({ id, questions = [] }: QueryPacket, from: RemoteInfo, { responder, facts }: Link): void {
    const all = this.#recordsOn(facts);
    const asked = questions.filter((question) => all.some((record) => isAsked(record, question)));
    if (asked.length === 0) return;
    // A program that does not listen to everybody's messages gets one answer, with its id and question.
    const isAlone = from.port !== this.#mdnsPort;
    if (!this.#mayAnswer(isAlone ? "" : facts.address)) return;
    // The addresses are needed with everything else.
    const answers = all.filter((record) => record.flush || asked.some((question) => isAsked(record, question)));
    if (!isAlone) responder.respond({ answers });
    else {
      const plain = answers.map((record) => ({ ...record, flush: false }));
      responder.respond({ id, questions: asked.map(({ name, type }) => ({ name, type })), answers: plain }, from);
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

  /** Returns the records for the neighbors on an interface, which others keep for this time. */
  #recordsOn(facts: NetworkInterface, ttl = RECORD_SECONDS): DnsRecord[] {
    const { port } = this.#options;
    const shared = { ttl, flush: false };
    // Nobody else has records of these names: they have the mark.
    const own = { ttl, flush: true };
    return [
      { ...shared, name: SERVICE, type: "PTR", data: this.#instance },
      { ...shared, name: ALL_SERVICES, type: "PTR", data: SERVICE },
      { ...own, name: this.#instance, type: "SRV", data: { port, target: this.#host } },
      { ...own, name: this.#instance, type: "TXT", data: "" },
      ...this.#addressesOn(facts).map((data) => {
        return { ...own, name: this.#host, type: isIPv6(data) ? ("AAAA" as const) : ("A" as const), data };
      }),
    ];
  }

  /** Addresses of an interface by which its neighbors reach the service. */
  #addressesOn({ addresses }: NetworkInterface): readonly string[] {
    const { host } = this.#options;
    if (host === "::") return addresses;
    return addresses.filter((address) => (host === "0.0.0.0" ? !isIPv6(address) : address === host));
  }

  /** Sends the records to everybody, on each interface. */
  async #send(ttl?: number): Promise<void> {
    const sending = [...this.#links.values()].map(({ responder, facts }) => {
      const answers = this.#recordsOn(facts, ttl);
      // An interface that is gone is noticed at the next look.
      return new Promise<void>((resolve) => responder.respond({ answers }, () => resolve()));
    });
    await Promise.all(sending);
  }
}

/** Returns a few characters that differ by machine and port, and stay the same after a restart. */
function markOf(machine: string, port: number): string {
  return crypto.createHash("sha256").update(`nanoagent ${machine} ${port}`).digest("hex").slice(0, MARK_CHARACTERS);
}

/** Returns a label with this end as a part of a name, without dots: the library would begin a new part at each. */
function asLabel(text: string, end: string): string {
  let label = text.replace(/[.\p{Cc}]/gu, "-");
  while (Buffer.byteLength(label + end) > MAX_LABEL_BYTES) label = [...label].slice(0, -1).join("");
  return label + end;
}

function isAsked(record: DnsRecord, { name, type }: { name: string; type: string }): boolean {
  return (type === record.type || type === "ANY") && record.name.toLowerCase() === name.toLowerCase();
}

/**
 * Keeps from the library what costs it much time or memory, the answers of others, and questions from elsewhere: on some
 * systems, a socket also gets those of other interfaces.
 */
function readNearQueriesAlone(socket: Socket, link: Link): void {
  const readers = socket.listeners("message");
  socket.removeAllListeners("message");
  socket.on("message", (bytes, from) => {
    if (!isQuery(bytes) || !link.neighbors.check(from.address)) return;
    for (const read of readers) read.call(socket, bytes, from);
  });
}

function neighborsOf({ networks }: NetworkInterface): BlockList {
  const neighbors = new BlockList();
  for (const text of networks) {
    const network = readNetwork(text);
    if (network !== null) neighbors.addSubnet(network.address, network.prefix, network.family);
  }
  return neighbors;
}

/** Whether a message is a query of a usual size. */
function isQuery(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_QUERY_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records = [4, 6, 8, 10].reduce((sum, at) => sum + view.getUint16(at), 0);
  return (view.getUint8(2) & 0x80) === 0 && records <= MAX_QUERY_RECORDS;
}
