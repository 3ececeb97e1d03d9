import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type MirrorFaults, type MirrorServer, noFaults, takesFault } from "./mirror-faults.js";
import { type MirrorFile, pointerText, readMirrorFile } from "./mirror-file.js";
import { sendFile } from "./send-file.js";

/** A repository of a mirror. */
export interface MirrorRepository {
  /** Contents, or the path of a file with them, by path in the repository. */
  files: Readonly<Record<string, Uint8Array | string>>;
  /** Whether a file is in LFS, and so served by the second server. Default: files that end in `.gguf`. */
  lfs?: (path: string) => boolean;
  /** Whether its files need a token of someone who accepted its terms. */
  gated?: boolean;
  /** Token that opens the repository. Without `gated`, the repository is private. */
  token?: string;
  /** Current name, `org/repo`, to which requests are redirected. */
  renamedTo?: string;
  license?: string;
  /** 40 hex digits. Default: derived from the files. */
  commit?: string;
}

export interface HubMirrorOptions {
  /** Repositories by name, `org/repo`. */
  repositories: Readonly<Record<string, MirrorRepository>>;
  /** Most rows of a page of a listing. Default: 1000. */
  pageSize?: number;
  /** Tokens that are valid, in addition to those of repositories. */
  tokens?: readonly string[];
}

/** A request that a mirror received. */
export interface MirrorRequest {
  server: MirrorServer;
  method: string;
  /** Path and query. */
  url: string;
  /** Host that was asked for, with port. */
  host: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Bytes of the file's contents that were sent as the answer. */
  sentBytes: number;
  /** 0 until the answer begins. */
  status: number;
}

/** A running server that behaves as Hugging Face's hub does. */
export interface HubMirror {
  /** Address of the hub, without a slash at the end. */
  url: string;
  /**
   * Address of the second server, which has the files of LFS behind signed addresses and all files as
   * `/plain/org/repo/path`, without hashes.
   */
  cdnUrl: string;
  requests: MirrorRequest[];
  faults: MirrorFaults;
  /** Repositories, which a test may replace. */
  repositories: Record<string, MirrorRepository>;
  close(): Promise<void>;
}

interface OpenRepository {
  name: string;
  options: MirrorRepository;
  commit: string;
  files: Map<string, MirrorFile>;
}

/** Starts a mirror of Hugging Face's hub on two ports of this device. */
export async function startHubMirror(options: HubMirrorOptions): Promise<HubMirror> {
  const repositories: Record<string, MirrorRepository> = { ...options.repositories };
  const opened = new Map<MirrorRepository, Promise<OpenRepository>>();
  const signed = new Map<string, MirrorFile>();
  const requests: MirrorRequest[] = [];
  const faults = noFaults();

  const openRepository = (name: string): Promise<OpenRepository> | null => {
    const found = Object.hasOwn(repositories, name) ? repositories[name] : undefined;
    if (found === undefined) return null;
    const open = opened.get(found) ?? readRepository(name, found);
    opened.set(found, open);
    return open;
  };

  const answerHub = async (request: IncomingMessage, response: ServerResponse, record: MirrorRequest) => {
    const address = new URL(request.url ?? "/", hubUrl);
    const segments = address.pathname.slice(1).split("/").map(decodeURIComponent);
    const isApi = segments[0] === "api" && segments[1] === "models";
    const [organization, repository, kind, revision = "main", ...rest] = isApi ? segments.slice(2) : segments;
    const name = `${organization}/${repository}`;
    const open = await openRepository(name);
    const sent = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1];
    if (sent !== undefined && !isKnownToken(sent)) return refuse(response, 401, null, INVALID_CREDENTIALS);
    if (open === null) return refuse(response, 401, "RepoNotFound", "Repository not found");
    const { renamedTo, gated, token } = open.options;
    if (renamedTo !== undefined) {
      // Relative, and with the address as it was asked for.
      const location = (request.url ?? "").replace(`/${name}`, `/${renamedTo}`);
      response.writeHead(307, { location, "content-length": 0 }).end();
      return;
    }
    if (token !== undefined && !gated && sent !== token) {
      return refuse(response, 401, "RepoNotFound", "Repository not found");
    }
    if (isApi && kind === "refs") {
      const branch = { name: "main", ref: "refs/heads/main", targetCommit: open.commit };
      return sendJson(response, { branches: [branch], tags: [], converts: [] });
    }
    if (revision !== "main" && revision !== open.commit) {
      return refuse(response, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
    }
    if (isApi && (kind === undefined || kind === "revision")) return sendJson(response, describe(open));
    if (isApi && kind === "tree") return sendTree(response, open, rest.join("/"), address);
    if (kind !== "resolve") return refuse(response, 404, null, "Not found");
    if (gated && (token === undefined || sent !== token)) {
      return refuse(response, sent === undefined ? 401 : 403, "GatedRepo", `Access to model ${name} is restricted.`);
    }
    const file = open.files.get(rest.join("/"));
    if (file === undefined) return refuse(response, 404, "EntryNotFound", "Entry not found");
    response.setHeader("x-repo-commit", open.commit);
    if (!isInLfs(open, file)) {
      response.setHeader("etag", `"${hashOf(file.gitSha1)}"`);
      return sendFile(request, response, file, faults, (bytes) => (record.sentBytes += bytes));
    }
    const signature = randomUUID();
    signed.set(signature, file);
    response.writeHead(302, {
      location: `${cdnUrl}/blobs/${file.sha256}?Expires=${Math.floor(Date.now() / 1000) + 3600}&Signature=${signature}`,
      "x-linked-size": file.bytes + faults.lieAboutSize,
      "x-linked-etag": `"${hashOf(file.sha256)}"`,
      etag: `"${hashOf(file.sha256)}"`,
      "accept-ranges": "bytes",
      "content-length": 0,
    });
    response.end();
  };

  const answerCdn = async (request: IncomingMessage, response: ServerResponse, record: MirrorRequest) => {
    const address = new URL(request.url ?? "/", cdnUrl);
    const [first, ...segments] = address.pathname.slice(1).split("/").map(decodeURIComponent);
    let file = signed.get(address.searchParams.get("Signature") ?? "");
    if (first === "plain") {
      const open = await openRepository(segments.slice(0, 2).join("/"));
      file = open?.files.get(segments.slice(2).join("/"));
      if (file === undefined) return refuse(response, 404, null, "Not found");
    } else if (file === undefined || faults.expireSigned > 0) {
      faults.expireSigned = Math.max(0, faults.expireSigned - 1);
      return refuse(response, 403, null, "Request has expired");
    }
    // Another mark than that of the hub, as servers of large files compute their own.
    response.setHeader("etag", `"${file.gitSha1.slice(0, 32)}"`);
    await sendFile(request, response, file, faults, (bytes) => (record.sentBytes += bytes));
  };

  const isKnownToken = (token: string) => {
    const known = [...(options.tokens ?? []), ...Object.values(repositories).map((repository) => repository.token)];
    return known.every((other) => other === undefined) || known.includes(token);
  };
  const isInLfs = ({ options: { lfs } }: OpenRepository, file: MirrorFile) =>
    lfs === undefined ? file.path.endsWith(".gguf") : lfs(file.path);
  const hashOf = (hash: string) => (faults.lieAboutHash ? hash.replace(/./g, "0") : hash);

  const sendTree = (response: ServerResponse, open: OpenRepository, folder: string, address: URL) => {
    const isRecursive = address.searchParams.get("recursive") === "true";
    const rows = treeRows(open, folder, isRecursive, (file) => {
      const bytes = file.bytes + faults.lieAboutSize;
      if (!isInLfs(open, file)) return { type: "file", oid: hashOf(file.gitSha1), size: bytes, path: file.path };
      const pointer = pointerText(file);
      const oid = createHash("sha1").update(`blob ${pointer.length}\0${pointer}`).digest("hex");
      const lfs = { oid: hashOf(file.sha256), size: bytes, pointerSize: pointer.length };
      return { type: "file", oid, size: bytes, lfs, path: file.path };
    });
    if (folder !== "" && rows.length === 0) return refuse(response, 404, "EntryNotFound", "Entry not found");
    const from = Number(address.searchParams.get("cursor") ?? 0);
    const until = from + (options.pageSize ?? 1000);
    if (until < rows.length) {
      address.searchParams.set("cursor", String(until));
      response.setHeader("link", `<${address.href}>; rel="next"`);
    }
    sendJson(response, rows.slice(from, until));
  };

  const describe = ({ name, commit, options: repository, files }: OpenRepository) => ({
    id: name,
    modelId: name,
    sha: commit,
    private: repository.token !== undefined && !repository.gated,
    gated: repository.gated ? "manual" : false,
    tags: repository.license === undefined ? [] : [`license:${repository.license}`],
    ...(repository.license === undefined ? {} : { cardData: { license: repository.license } }),
    siblings: [...files.keys()].map((rfilename) => ({ rfilename })),
  });

  const serve = (server: MirrorServer, answer: typeof answerHub) =>
    listen((request, response) => {
      const { method = "", url = "", headers } = request;
      const record = { server, method, url, host: headers.host ?? "", headers, sentBytes: 0, status: 0 };
      requests.push(record);
      const { writeHead } = response;
      response.writeHead = function (status: number, ...others: unknown[]) {
        record.status = status;
        return Reflect.apply(writeHead, this, [status, ...others]);
      };
      if (refuseByFault(server, response, faults)) return;
      answer(request, response, record).catch((cause: unknown) => {
        if (!response.headersSent) refuse(response, 500, null, String(cause));
        else response.destroy();
      });
    });

  const hub = await serve("hub", answerHub);
  const cdn = await serve("cdn", answerCdn);
  const hubUrl = addressOf(hub);
  const cdnUrl = addressOf(cdn);
  return {
    url: hubUrl,
    cdnUrl,
    requests,
    faults,
    repositories,
    close: async () => {
      await Promise.all([hub, cdn].map(closeServer));
    },
  };
}

const INVALID_CREDENTIALS = "Invalid credentials in Authorization header";

/** Lists files, and folders before what they contain. */
function treeRows<Row>(
  { files }: OpenRepository,
  folder: string,
  isRecursive: boolean,
  row: (file: MirrorFile) => Row,
): (Row | { type: "directory"; oid: string; size: number; path: string })[] {
  const rows = new Map<string, Row | { type: "directory"; oid: string; size: number; path: string }>();
  const start = folder === "" ? "" : `${folder}/`;
  for (const file of files.values()) {
    if (!file.path.startsWith(start)) continue;
    const names = file.path.slice(start.length).split("/");
    for (let depth = 1; depth < names.length && (isRecursive || depth === 1); depth += 1) {
      const path = start + names.slice(0, depth).join("/");
      rows.set(path, { type: "directory", oid: createHash("sha1").update(path).digest("hex"), size: 0, path });
    }
    if (isRecursive || names.length === 1) rows.set(file.path, row(file));
  }
  return [...rows.values()];
}

async function readRepository(name: string, options: MirrorRepository): Promise<OpenRepository> {
  const files = new Map<string, MirrorFile>();
  for (const [path, contents] of Object.entries(options.files)) files.set(path, await readMirrorFile(path, contents));
  const hashes = [...files.values()].map((file) => `${file.path} ${file.sha256}`).join("\n");
  return {
    name,
    options,
    files,
    commit: options.commit ?? createHash("sha1").update(`${name}\n${hashes}`).digest("hex"),
  };
}

function refuseByFault(server: MirrorServer, response: ServerResponse, faults: MirrorFaults): boolean {
  const { rateLimit, serverError } = faults;
  if ((rateLimit?.server ?? server) === server && takesFault(rateLimit)) {
    if (rateLimit.header === "retry-after") response.setHeader("retry-after", rateLimit.seconds);
    else response.setHeader("ratelimit", `"api";r=0;t=${rateLimit.seconds}`);
    response.setHeader("ratelimit-policy", '"fixed window";"api";q=500;w=300');
    refuse(response, 429, null, "Too many requests");
    return true;
  }
  if ((serverError?.server ?? server) === server && takesFault(serverError)) {
    refuse(response, serverError.status ?? 503, null, "Try again later");
    return true;
  }
  return false;
}

function refuse(response: ServerResponse, status: number, code: string | null, message: string): void {
  if (code !== null) response.setHeader("x-error-code", code);
  response.setHeader("x-error-message", message);
  const body = JSON.stringify({ error: message });
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
    .end(body);
}

function sendJson(response: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
