import { cutText, type HttpAnswer } from "@nanoagent/models";
import { fillText, onlyPlaceholder } from "../acts/template.js";
import { AnswerError } from "./answer-error.js";
import { type AnswerRun, answerBody } from "./answer-run.js";

/** Time limit of a request, in milliseconds. */
const MAX_MILLISECONDS = 30_000;
const MAX_REDIRECTS = 3;
/** Most characters of a refusal that are shown. */
const MAX_SHOWN_CHARACTERS = 200;
/** Statuses after which the same request is sent to another address. Others mean that it arrived. */
const sentAgain: readonly number[] = [307, 308];
/** Refusals that another try may overcome. */
const temporary: readonly number[] = [408, 409, 425, 429];

/** Sends an answer as JSON. Redirects are followed to the same host only: others must not get the token. */
export async function postAnswer({ url: template, secret_env }: HttpAnswer, run: AnswerRun): Promise<void> {
  const { event, answer, key, signal, places } = run;
  const token = secret_env === undefined ? null : secretOf(secret_env, places.environment);
  const onValue = onlyPlaceholder(template) === null ? encodeURIComponent : undefined;
  let url = addressOf(fillText(template, { event, answer }, { onValue }));
  const headers = {
    "content-type": "application/json",
    "idempotency-key": key,
    ...(token !== null && { authorization: `Bearer ${token}` }),
  };
  const body = JSON.stringify(answerBody(run));
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), MAX_MILLISECONDS);
  const stop = () => limit.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    for (let redirects = 0; ; redirects++) {
      const options = { method: "POST", headers, body, redirect: "manual", signal: limit.signal } as const;
      const response = await fetch(url.href, options).catch((cause: unknown) => {
        throw unreachable(url, cause, limit.signal.aborted && !signal.aborted);
      });
      const next = sentAgain.includes(response.status) ? response.headers.get("location") : null;
      if (next === null) return await checkReply(url, response);
      await response.body?.cancel();
      url = redirected(url, next, redirects);
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  const message = `The address ${JSON.stringify(cutText(text, MAX_SHOWN_CHARACTERS))} of the answer is not an http or https address.`;
  throw new AnswerError(message, { isPermanent: true });
}

function secretOf(name: string, environment: Readonly<Record<string, string | undefined>>): string {
  const secret = environment[name]?.trim() ?? "";
  if (secret !== "" && !/[\r\n\0]/.test(secret)) return secret;
  throw new AnswerError(`The environment variable ${name} has no token for the answer. Set it.`, { isPermanent: true });
}

function redirected(from: URL, location: string, redirects: number): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (redirects < MAX_REDIRECTS && to !== null && to.origin === from.origin) return to;
  const message = `${from.host} sends the answer on to another address, which is not followed. Set the final address.`;
  throw new AnswerError(message, { isPermanent: true });
}

/** Reads the beginning of a reply. Throws for a refusal. */
async function checkReply(url: URL, response: Response): Promise<void> {
  const { status } = response;
  if (status < 400) {
    await response.body?.cancel();
    return;
  }
  const said = await beginningOf(response).catch(() => "");
  const isPermanent = status < 500 && !temporary.includes(status);
  const message = `${url.host} refused the answer with status ${status}${said === "" ? "" : `: ${said}`}.`;
  throw new AnswerError(message, { isPermanent });
}

async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  const text = new TextDecoder().decode(first?.value?.subarray(0, MAX_SHOWN_CHARACTERS));
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .replace(/\.?\s*$/, "")
    .trim();
}

function unreachable(url: URL, cause: unknown, isLate: boolean): AnswerError {
  if (isLate) return new AnswerError(`${url.host} did not accept the answer within ${MAX_MILLISECONDS / 1000} s.`);
  const code = (cause as { cause?: { code?: unknown } }).cause?.code;
  return new AnswerError(`${url.host} could not be reached for the answer (${String(code ?? cause)}).`, { cause });
}
