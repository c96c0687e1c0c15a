// Runs the server audits of npm's graphql-http, the reference for GraphQL over HTTP, against a running server.
//
//   npm ci && node run.mjs http://127.0.0.1:8080/graphql
//
// Prints one JSON line for each audit: {"id", "name", "status": "ok" | "notice" | "warn" | "error", "reason"}.
// Exits with 0 only if every audit is ok. The server must answer __type, so introspection has to be on.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
if (!url) {
  console.error('usage: node run.mjs URL');
  process.exit(2);
}

let failed = 0;
for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const { status, reason } = await audit.fn();
  if (status !== 'ok') failed++;
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status, reason }));
}
process.exitCode = failed === 0 ? 0 : 1;
