import type { CallForm } from "./call-form.js";
import { callName, callNameInBars } from "./forms/call-name.js";
import { bareJson, bareJsonList, jsonInTags, jsonList } from "./forms/json-forms.js";
import { keysAndValues } from "./forms/keys-and-values.js";
import { channelCall, nameThenJson } from "./forms/name-then-json.js";
import { pythonCalls } from "./forms/python-calls.js";
import { xmlParameters } from "./forms/xml-parameters.js";

/** Forms of calls, one per family. A form that could be mistaken for another comes after it. */
export const callForms: readonly CallForm[] = [
  xmlParameters,
  keysAndValues,
  callName,
  callNameInBars,
  jsonInTags,
  jsonList,
  channelCall,
  nameThenJson,
  pythonCalls,
  bareJson,
  bareJsonList,
];
