import fc from "fast-check";
import { expect, test } from "vitest";
import { programEnvironment } from "../../src/processes/program-environment.js";

const localeNames = ["TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_TIME", "LC_NUMERIC", "LC_MESSAGES", "LC_COLLATE"];
const certificateNames = [
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"],
];
const folderNames = ["TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"];
const proxyNames = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
const names = [...localeNames, ...certificateNames, ...folderNames, "NO_PROXY", "no_proxy"];

test.each(names)("%s reaches a program unchanged", (name) => {
  const value = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(value, (text) => {
      expect(programEnvironment({}, { [name]: text })[name]).toBe(text);
      expect(programEnvironment({ [name]: "of the config" }, { [name]: text })[name]).toBe("of the config");
    }),
  );
});

test.each(proxyNames)("%s reaches a program without its user name and password", (name) => {
  const secret = fc.stringMatching(/^[A-Za-z0-9%:@!$]{1,20}$/);
  const scheme = fc.constantFrom("http://", "https://", "socks5h://", "");
  fc.assert(
    fc.property(secret, scheme, (credentials, start) => {
      const { [name]: value } = programEnvironment({}, { [name]: `${start}${credentials}@proxy.example:3128/` });
      expect(value).toBe(`${start}proxy.example:3128/`);
    }),
  );
  expect(programEnvironment({}, { [name]: "http://proxy.example:3128" })[name]).toBe("http://proxy.example:3128");
});

test("nothing else of the agent's environment reaches a program", () => {
  const known = [...names, ...proxyNames, "USER", "LOGNAME", "PATH"];
  const name = fc.stringMatching(/^[A-Z][A-Z_]{0,20}$/).filter((text) => !known.includes(text));
  const secrets = ["OPENAI_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "NODE_OPTIONS"];
  const usual = programEnvironment({}, {});
  fc.assert(
    fc.property(fc.oneof(name, fc.constantFrom(...secrets)), (key) => {
      if (/^LC_|_PROXY$|^XDG_|CERT|^T[EM]|^LOCPATH|^TZ/.test(key)) return;
      expect(programEnvironment({}, { [key]: "secret" })).toEqual(usual);
    }),
  );
  // An empty variable counts as unset.
  expect(programEnvironment({}, { LANG: "", TZ: "" })).toEqual(usual);
});
