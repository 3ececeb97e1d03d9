// Prints what the test runner counted as one line, the last of a CI run, after the names of what was left out.
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const report = JSON.parse(readFileSync(path.join(root, "coverage/tests.json"), "utf8"));
for (const file of report.testResults) {
  for (const test of file.assertionResults) {
    if (test.status === "pending" || test.status === "skipped") console.log(`skipped: ${test.fullName}`);
  }
}
const skipped = report.numPendingTests + (report.numTodoTests ?? 0);
console.log(`${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped`);
