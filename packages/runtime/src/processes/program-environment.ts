import os from "node:os";

const SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin";

/** Variables for the locale, the user and the network. None of them contains a secret. */
const passedNames = new Set(
  (
    "TZ TZDIR LANG LANGUAGE LOCPATH USER LOGNAME TMPDIR TMP TEMP " +
    "XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_STATE_HOME XDG_RUNTIME_DIR XDG_CONFIG_DIRS XDG_DATA_DIRS " +
    "NO_PROXY no_proxy SSL_CERT_FILE SSL_CERT_DIR NIX_SSL_CERT_FILE NODE_EXTRA_CA_CERTS NODE_USE_SYSTEM_CA " +
    "REQUESTS_CA_BUNDLE CURL_CA_BUNDLE AWS_CA_BUNDLE GIT_SSL_CAINFO PIP_CERT DENO_CERT DENO_TLS_CA_STORE"
  ).split(" "),
);

/** Variables that Windows programs need to start or to find their files. */
const windowsNames = new Set(
  (
    "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERNAME USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA " +
    "PROGRAMDATA ALLUSERSPROFILE PUBLIC PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 COMMONPROGRAMFILES " +
    "COMMONPROGRAMFILES(X86) COMMONPROGRAMW6432 NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE OS"
  ).split(" "),
);

const proxyPattern = /^(?:https?|all|ftp)_proxy$/i;

/**
 * Builds the environment of a program that a config starts. It contains what the program needs, but no other variables
 * of the agent, which may contain keys and tokens. `own` are the variables of the config. They take precedence.
 */
export function programEnvironment(
  own: Record<string, string> = {},
  inherited: Partial<Record<string, string>> = process.env,
): Record<string, string> {
  const isWindows = process.platform === "win32";
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) {
    if (value === undefined || value === "") continue;
    if (passedNames.has(name) || /^LC_[A-Z]+$/.test(name)) passed[name] = value;
    else if (proxyPattern.test(name)) passed[name] = withoutCredentials(value);
    else if (isWindows && windowsNames.has(name.toUpperCase())) passed[name] = value;
  }
  return {
    PATH: isWindows ? (inherited.PATH ?? "") : SEARCH_PATH,
    LANG: "C.UTF-8",
    HOME: homeFolder(),
    ...(isWindows && { SystemRoot: "C:\\Windows" }),
    ...passed,
    ...own,
  };
}

/** Returns the address of a proxy without its name and password, which are secrets. */
function withoutCredentials(address: string): string {
  return address.replace(/^([a-z][\w+.-]*:\/\/)?[^/?#]*@/i, "$1");
}

/** Returns the user's home folder. Users without an account entry, as in some containers, have none. */
function homeFolder(): string {
  try {
    return os.homedir();
  } catch {
    return "/";
  }
}
