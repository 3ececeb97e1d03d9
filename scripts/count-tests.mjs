// Prints the names of skipped tests, and the test counts as the last line of a CI run.
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
