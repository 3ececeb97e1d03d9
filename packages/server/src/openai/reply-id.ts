/** Returns a new id with a prefix such as `chatcmpl-` or `resp_`. */
export function replyId(prefix: string): string {
  return `${prefix}${crypto.randomUUID().replaceAll("-", "")}`;
}
