import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FINGERPRINT, makeKeyPair, readPrivateKey, readTrustedKeys } from "../../src/bundle/keys.js";
import { FleetError } from "../../src/fleet-error.js";

const pair = makeKeyPair();
const other = makeKeyPair();

function reasonFor(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    expect(error).toMatchObject({ code: "signing-key-invalid", message: "The key cannot be used." });
    expect(error.hint).toMatch(/\w/);
    // A key that was passed by mistake is never shown.
    expect(JSON.stringify(error)).not.toContain(pair.privatePem.slice(30, 60));
    return error.reason ?? "";
  }
  throw new Error("It was accepted");
}

const reasonOfKeys = (...texts: string[]) => reasonFor(() => readTrustedKeys(texts));

describe("trusted keys", () => {
  const trusted = { fingerprint: pair.fingerprint, line: pair.publicLine };
  const second = { fingerprint: other.fingerprint, line: other.publicLine };

  test("are PEM texts, or their line of base64", () => {
    expect(readTrustedKeys([pair.publicPem])).toEqual([trusted]);
    expect(readTrustedKeys([pair.publicLine])).toEqual([trusted]);
    expect(readTrustedKeys([` ${pair.publicLine}\n`])).toEqual([trusted]);
    expect(readTrustedKeys([pair.publicPem.replaceAll("\n", "\r\n")])).toEqual([trusted]);
    expect(pair.publicPem).toContain(pair.publicLine);
  });

  test("may be several in one text, with words around them, each once", () => {
    const text = `# keys of the fleet\n${pair.publicPem}\nold:\n${other.publicPem}`;
    expect(readTrustedKeys([text, pair.publicLine])).toEqual([trusted, second]);
    expect(readTrustedKeys([])).toEqual([]);
  });

  test("have a fingerprint that other programs compute as well", () => {
    const der = createPublicKey(pair.publicPem).export({ format: "der", type: "spki" });
    const digits = createHash("sha256").update(der).digest("hex").slice(0, 40);
    expect(pair.fingerprint).toBe(`ed25519:${digits}`);
    expect(pair.fingerprint).toMatch(FINGERPRINT);
  });

  test("are not private keys", () => {
    const reason = "It is a private key, which must stay secret and is not needed here.";
    expect(reasonOfKeys(pair.privatePem)).toBe(reason);
    expect(reasonOfKeys(other.publicPem + pair.privatePem)).toBe(reason);
  });

  test("are keys for Ed25519", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
    const x25519 = generateKeyPairSync("x25519").publicKey;
    const pem = String(rsa.export({ format: "pem", type: "spki" }));
    expect(reasonOfKeys(pem)).toBe("Its kind is rsa, not Ed25519.");
    expect(reasonOfKeys(x25519.export({ format: "der", type: "spki" }).toString("base64"))).toBe(
      "Its kind is x25519, not Ed25519.",
    );
    const certificate = pem.replaceAll("PUBLIC KEY", "CERTIFICATE");
    expect(reasonOfKeys(certificate)).toBe("It contains a certificate, not only public keys.");
  });

  test("are whole", () => {
    expect(reasonOfKeys("")).toBe("It is neither PEM nor base64.");
    expect(reasonOfKeys("fleet.pem.pub")).toBe("It is neither PEM nor base64.");
    expect(reasonOfKeys("AAAA")).toBe("Its base64 is not a public key.");
    expect(reasonOfKeys(pair.publicLine.slice(0, -4))).toMatch(/^(It is neither|Its base64 is not)/);
    expect(
      reasonOfKeys(Buffer.concat([Buffer.from(pair.publicLine, "base64"), Buffer.alloc(3)]).toString("base64")),
    ).toBe("Its base64 is not a public key.");
    expect(reasonOfKeys(pair.publicPem.replace("MCow", ""))).toBe("Its PEM text is damaged.");
    expect(reasonOfKeys(pair.publicPem.slice(0, -10))).toBe("Its PEM text is damaged.");
    // A second key that is damaged is not dropped.
    expect(reasonOfKeys(pair.publicPem + other.publicPem.slice(0, -10))).toBe("Its PEM text is damaged.");
    expect(reasonOfKeys(" ".repeat(70_000))).toBe("The text is too long for keys.");
  });

  test("are at most 64", () => {
    const many = Array.from({ length: 65 }, () => makeKeyPair().publicLine);
    expect(reasonOfKeys(...many)).toBe("Only 64 keys can be trusted.");
    expect(readTrustedKeys(many.slice(1))).toHaveLength(64);
  });
});

describe("the key that signs", () => {
  test("is a private key for Ed25519", () => {
    expect(readPrivateKey(pair.privatePem).publicKey.line).toBe(pair.publicLine);
    expect(reasonFor(() => readPrivateKey(pair.publicPem))).toBe("It is a public key, which cannot sign.");
    expect(reasonFor(() => readPrivateKey("x"))).toBe("It is not the PEM text of a private key.");
    expect(reasonFor(() => readPrivateKey(pair.privatePem.replace("MC4C", "MC4D")))).toBe(
      "It is not the PEM text of a private key.",
    );
    expect(reasonFor(() => readPrivateKey("x".repeat(70_000)))).toBe("The text is too long for a key.");
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = String(privateKey.export({ format: "pem", type: "pkcs8" }));
    expect(reasonFor(() => readPrivateKey(pem))).toBe("Its kind is ec, not Ed25519.");
  });

  test("has no passphrase", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "secret" });
    expect(reasonFor(() => readPrivateKey(String(pem)))).toBe("It is protected by a passphrase.");
  });
});
