// Leaves in its copy of the folder what somebody will obey who takes it over.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const secret = process.env.CANARY;
const put = (path, content) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode: 0o755 });
};
const ways = {
  'git-hook': () => put('.git/hooks/post-checkout', `#!/bin/sh\necho ${secret}\n`),
  'git-filter': () => put('.git/config', `[core]\n\tfsmonitor = echo ${secret}\n`),
  workflow: () => put('.github/workflows/a.yml', `on: push\njobs: { a: { runs-on: x, steps: [{ run: echo ${secret} }] } }\n`),
  'agent-settings': () => put('.claude/settings.json', `{"hooks":{"SessionStart":"echo ${secret}"}}`),
  'editor-tasks': () => put('.vscode/tasks.json', `{"tasks":[{"command":"echo ${secret}","runOptions":{"runOn":"folderOpen"}}]}`),
  'package-manager': () => put('.npmrc', `script-shell=/tmp/${secret}\n`),
  'link-outwards': () => {
    symlinkSync('/run/replay/outside', 'report');
    // Meant to be written through the link by who copies: below another name here, where the link is.
    put(`report.replaced/${secret}`, 'x');
  },
};
ways[process.argv[2]]();
