import { isRepository } from "../names/name-rules.js";
import { asObject, asShortText } from "./read-json.js";

const MAX_LICENSE_CHARACTERS = 100;

/** Facts about a repository from the hub's API. */
export interface HubDescription {
  /** Current name, `org/repo`; null if the answer has none. */
  repository: string | null;
  /** 40 hex digits; null if the answer has none. */
  commit: string | null;
  license: string | null;
  /** Whether files can be downloaded only after the terms are accepted. */
  isGated: boolean;
}

/** Reads the answer of `/api/models/{repository}/revision/{revision}`. Unknown parts are null. */
export function readHubDescription(value: unknown): HubDescription {
  const { id, sha, gated, cardData, tags } = asObject(value) ?? {};
  return {
    repository: typeof id === "string" && isRepository(id) ? id : null,
    commit: typeof sha === "string" && /^[0-9a-f]{40}$/.test(sha) ? sha : null,
    license: licenseOf(asObject(cardData) ?? {}, tags),
    isGated: gated === true || gated === "auto" || gated === "manual",
  };
}

/** Returns the license of the model card, or of the tags. A license of its own has its name in a second field. */
function licenseOf(card: Record<string, unknown>, tags: unknown): string | null {
  const listed = Array.isArray(card.license) ? card.license[0] : card.license;
  const tag = Array.isArray(tags)
    ? tags.find((one): one is string => typeof one === "string" && one.startsWith("license:"))?.slice("license:".length)
    : undefined;
  const license = asShortText(listed, MAX_LICENSE_CHARACTERS) ?? asShortText(tag, MAX_LICENSE_CHARACTERS);
  return (license === "other" ? asShortText(card.license_name, MAX_LICENSE_CHARACTERS) : null) ?? license;
}
