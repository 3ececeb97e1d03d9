import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { startLocalServer } from "./local-server.js";
import { type MirrorFaults, noFaults } from "./mirror-faults.js";
import { type MirrorFile, readMirrorFile } from "./mirror-file.js";
import { sendFile } from "./send-file.js";

/** A model of a registry, by its layers. */
export interface OllamaMirrorModel {
  /** Contents of the GGUF file, or the path of a file with them. Left out: the manifest has no layer with a model. */
  gguf?: Uint8Array | string;
  /** Text of the license. */
  license?: string;
  /** Template in Ollama's own language. */
  template?: string;
  /** Parameters such as `{ stop: ["…"] }`. */
  params?: Readonly<Record<string, unknown>>;
  /** Quantization in the configuration: `Q4_K_M`. Default: `unknown`. */
  fileType?: string;
  /** Further layers, by the last part of their media type: `projector`, `adapter`, `tensor`, a second `model`. */
  layers?: readonly { kind: string; contents: Uint8Array }[];
}

export interface OllamaMirrorOptions {
  /** Models by `namespace/name:tag`. */
  models: Readonly<Record<string, OllamaMirrorModel>>;
}

/** A request that a registry, or its server of blobs, received. */
export interface OllamaMirrorRequest {
  server: "registry" | "blobs";
  method: string;
  /** Path and query. */
  url: string;
  /** Host that was asked for, with port. */
  host: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Bytes of a blob that were sent as the answer. */
  sentBytes: number;
}

/** A running server that behaves as Ollama's registry does. */
export interface OllamaMirror {
  /** Address of the registry, without a slash at the end. */
  url: string;
  /** Address of the server of blobs, which the registry redirects to with 307. */
  blobsUrl: string;
  requests: OllamaMirrorRequest[];
  /** Faults of the bodies of blobs. */
  faults: MirrorFaults;
  /** Status of all answers to requests for manifests, such as 412 or 401; null: as usual. */
  manifestStatus: number | null;
  /** Body of all manifests instead of the right one; null: as usual. */
  manifestBody: string | null;
  close(): Promise<void>;
}

interface OpenModel {
  manifest: string;
  blobs: readonly MirrorFile[];
}

/** Starts a mirror of Ollama's registry on two ports of this device. */
export async function startOllamaMirror(options: OllamaMirrorOptions): Promise<OllamaMirror> {
  const models = new Map<string, OpenModel>();
  const blobs = new Map<string, MirrorFile>();
  for (const [name, model] of Object.entries(options.models)) {
    const open = await openModel(model);
    models.set(name, open);
    for (const blob of open.blobs) blobs.set(blob.sha256, blob);
  }
  const requests: OllamaMirrorRequest[] = [];

  const answerRegistry = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? "/", mirror.url);
    const [, repository, kind, reference = ""] =
      /^\/v2\/([^/]+\/[^/]+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    if (kind === "manifests") {
      const manifest = mirror.manifestBody ?? models.get(`${repository}:${reference}`)?.manifest;
      if (mirror.manifestStatus !== null) return refuse(response, mirror.manifestStatus, "UNAVAILABLE");
      if (manifest === undefined) return refuse(response, 404, "MANIFEST_UNKNOWN");
      return sendText(response, 200, manifest, "application/vnd.docker.distribution.manifest.v2+json");
    }
    const digest = reference.replace(/^sha256:/, "");
    if (kind === undefined || !blobs.has(digest)) return refuse(response, 404, "BLOB_UNKNOWN");
    response.writeHead(307, { location: `${mirror.blobsUrl}/${digest}?signature=1`, "content-length": 0 }).end();
  };

  const answerBlobs = async (request: IncomingMessage, response: ServerResponse, record: OllamaMirrorRequest) => {
    const blob = blobs.get(new URL(request.url ?? "/", mirror.blobsUrl).pathname.slice(1));
    if (blob === undefined) return refuse(response, 404, "NoSuchKey");
    await sendFile(request, response, blob, mirror.faults, (bytes) => (record.sentBytes += bytes));
  };

  const serve = (server: OllamaMirrorRequest["server"], answer: typeof answerBlobs | typeof answerRegistry) =>
    startLocalServer((request, response) => {
      const { method = "", url = "", headers } = request;
      const record = { server, method, url, host: headers.host ?? "", headers, sentBytes: 0 };
      requests.push(record);
      Promise.resolve(answer(request, response, record)).catch(() => response.destroy());
    });

  const registry = await serve("registry", answerRegistry);
  const store = await serve("blobs", answerBlobs);
  const mirror: OllamaMirror = {
    url: registry.url,
    blobsUrl: store.url,
    requests,
    faults: noFaults(),
    manifestStatus: null,
    manifestBody: null,
    close: async () => {
      await Promise.all([registry.close(), store.close()]);
    },
  };
  return mirror;
}

async function openModel(model: OllamaMirrorModel): Promise<OpenModel> {
  const { gguf, license, template, params, fileType = "unknown", layers = [] } = model;
  const contents: { kind: string; contents: Uint8Array | string }[] = [
    ...(gguf === undefined ? [] : [{ kind: "model", contents: gguf }]),
    ...(template === undefined ? [] : [{ kind: "template", contents: Buffer.from(template) }]),
    ...(license === undefined ? [] : [{ kind: "license", contents: Buffer.from(license) }]),
    ...(params === undefined ? [] : [{ kind: "params", contents: Buffer.from(JSON.stringify(params)) }]),
    ...layers,
  ];
  const config = { model_format: "gguf", file_type: fileType, architecture: "amd64", os: "linux" };
  const configBlob = await readMirrorFile("config", Buffer.from(JSON.stringify(config)));
  const blobs = await Promise.all(contents.map((layer) => readMirrorFile(layer.kind, layer.contents)));
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    config: describe(configBlob, "application/vnd.docker.container.image.v1+json"),
    layers: blobs.map((blob) => describe(blob, `application/vnd.ollama.image.${blob.path}`)),
  };
  return { manifest: JSON.stringify(manifest), blobs: [configBlob, ...blobs] };
}

function describe({ sha256, bytes }: MirrorFile, mediaType: string) {
  return { mediaType, digest: `sha256:${sha256}`, size: bytes };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  sendText(response, status, JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] }), "application/json");
}

function sendText(response: ServerResponse, status: number, text: string, type: string): void {
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  const headers = { "content-type": type, "content-length": Buffer.byteLength(text), "docker-content-digest": digest };
  response.writeHead(status, headers).end(text);
}
