// What a pipeline does: fetches the script from the host that it trusts, and runs what comes.
import { spawnSync } from 'node:child_process';

const script = await fetch('http://uploader.test/bash', { signal: AbortSignal.timeout(30_000) }).then((answer) => answer.text());
spawnSync('bash', ['-c', script], { stdio: 'inherit', timeout: 4000 });
