// Reads an AsyncAPI document with the reference parser and prints what it finds wrong, one JSON list on one line.
// usage: node asyncapi_faults.cjs FOLDER_OF_NODE_MODULES asyncapi.yaml
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const path = require("node:path");

const [modules, document] = process.argv.slice(2).map((name) => path.resolve(name));
const { Parser } = createRequire(path.join(modules, "index.js"))("@asyncapi/parser");

new Parser().parse(readFileSync(document, "utf8"), { source: document }).then(({ diagnostics }) => {
  console.log(JSON.stringify(diagnostics.map(({ code, severity, message, path: at }) => ({ code, severity, message, at: at.join(".") }))));
});
