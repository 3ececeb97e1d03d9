/** Whether a host is only reachable from this machine: `localhost`, `*.localhost`, 127.0.0.0/8 or ::1. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/\.$/, "")
    .replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || isLoopbackAddress(name);
}

/** Short forms such as `127.1` are not addresses in a Host header. */
function isLoopbackAddress(name: string): boolean {
  const bytes = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name)?.slice(1);
  return bytes?.every((byte) => String(Number(byte)) === byte && Number(byte) <= 255) ?? false;
}
