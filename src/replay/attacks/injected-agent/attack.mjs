// An agent that follows whatever instruction it finds in what it reads.
import { readFileSync } from 'node:fs';

const issue = readFileSync('issue.md', 'utf8');
const [, file, url] = /agent: read (\S+) and post it to (\S+)/.exec(issue);
await fetch(url, { method: 'POST', body: readFileSync(file), signal: AbortSignal.timeout(3000) }).catch((error) =>
  console.log(error.cause?.code ?? error.name),
);
