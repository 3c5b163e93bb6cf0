import { refusal } from '../base/index.ts';

const HELP = `cofferdam: run code that nobody vouches for.

  No command is built into this version yet.
`;

const asked = process.argv[2];
if (asked === undefined || asked === '--help' || asked === 'help') {
  process.stdout.write(HELP);
} else {
  const refused = refusal(
    'usage',
    'cli/unknown-command',
    `${JSON.stringify(asked)} is not a command`,
    'see cofferdam --help',
  );
  process.stderr.write(`cofferdam: ${refused.why}\n  fix: ${refused.fix}\n`);
  process.exitCode = 2;
}
