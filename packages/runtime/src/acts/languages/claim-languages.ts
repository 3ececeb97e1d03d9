import type { ClaimLanguage } from "../claim-language.js";
import { dutch } from "./dutch.js";
import { english } from "./english.js";
import { french } from "./french.js";
import { german } from "./german.js";
import { italian } from "./italian.js";
import { spanish } from "./spanish.js";

/** All languages in which claims are recognized. To add one, add a file and an entry here. */
export const claimLanguages: readonly ClaimLanguage[] = [english, german, french, spanish, italian, dutch];
