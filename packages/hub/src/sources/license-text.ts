interface LicenseRow {
  /** Identifier as the hub writes it. */
  license: string;
  pattern: RegExp;
}

/** Licenses, by words at the beginning of their texts. */
const LICENSES: readonly LicenseRow[] = [
  { license: "apache-2.0", pattern: /apache license\s+version 2\.0/i },
  { license: "mit", pattern: /\bMIT License\b|permission is hereby granted, free of charge/i },
  { license: "llama3.3", pattern: /llama 3\.3 community license/i },
  { license: "llama3.2", pattern: /llama 3\.2 community license/i },
  { license: "llama3.1", pattern: /llama 3\.1 community license/i },
  { license: "gemma", pattern: /gemma terms of use/i },
  { license: "lfm1.0", pattern: /lfm open license v1\.0/i },
];

/** Characters at the beginning of a text that name the license. */
const BEGINNING = 2000;

/** Returns the identifier of a license from its text, or null if its beginning names none or several. */
export function licenseOfText(text: string): string | null {
  const beginning = text.slice(0, BEGINNING);
  const found = LICENSES.filter(({ pattern }) => pattern.test(beginning));
  return found.length === 1 ? (found[0]?.license ?? null) : null;
}
