import { refusal } from '../../base/index.ts';
import type { Command, CommandContext } from '../command.ts';
import { approve } from '../policy/approve.ts';
import { diff } from '../policy/diff.ts';
import { explainPolicy } from '../policy/explain.ts';
import { learnFrom } from '../policy/learn.ts';
import { policyPresets } from '../policy/presets.ts';
import { testRules } from '../policy/test-rules.ts';
import { policyWaivers } from '../policy/waivers.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';

const help = `usage: cofferdam policy diff OLD NEW [--approval FILE...] [--json]
       cofferdam policy approve OLD NEW --reason WHY --expires TIME
       cofferdam policy learn [RUN...] [--zone Z] [--file FILE] [--job J] [--accept HOST...] [--narrow] [--write]
                              [--json]
       cofferdam policy presets [NAME...] [--json]
       cofferdam policy test [TESTS...] [--file FILE] [--json]
       cofferdam policy waivers [--file FILE] [--text N] [--json]
       cofferdam policy explain ([CMD...] --host HOST[:PORT] | RUN EVENT) [--zone Z] [--file FILE] [--method M] [--path P]
                                [--program P] [--json]

diff     Proves what one cofferdam.yaml allows that another does not, in both directions: destinations by host, port,
         program, method and path, bytes and requests, secrets, token permissions, publication, caches, limits, isolation,
         approvals, and whom it trusts. The word defaults instead of a file means the product's own. The comparison is complete: no line means that
         every job may do just what it could. A preset such as @npm is compared by its name. Where OLD says who must approve
         what allows more (policyChanges), --approval names each signed text; its signature lies beside it as FILE.sig.
approve  Writes the text by which somebody approves a change of policy, to be signed:
         ssh-keygen -Y sign -n cofferdam-policy-change -f KEY FILE
learn    Turns what runs reached, and were denied, into the smallest allowlist under which they would work, as a change of
         the file with the evidence of each line: hosts, ports, programs, and methods and paths where requests were read. What a
         client of this machine is configured for is learned as its preset, to read from only. What looks like an exfiltration
         is left out, and why. RUN is a run's id, a part of it, or latest (the default).
explain  Which entry decides about a destination or about an event of a record, which nearly does, and the smallest line that
         would change it, with what else that line would open. EVENT is its number (cofferdam audit show RUN).
         CMD is the command that is to reach it, as it is on this machine.

presets  What each preset stands for on this machine, and what it exposes.
test     Asks the rules of FILE (default: cofferdam.yaml) about the documents of TESTS (default: cofferdam.test.yaml), and holds the
         answers against what each test expects (docs/custom-rules.md).
waivers  Lists the waivers of the operator's file (docs/profiles.md) and whether each holds now; with --text N it writes the text
         of the Nth that is to be signed.

  --zone Z       the zone that is meant: untrusted (the default), internal or release; learn: only this one
  --file FILE    the configuration that is meant, or changed; else the operator's own (docs/configuration.md)
  --job J        learn from this job alone
  --accept HOST  learn this host although something speaks against it; repeatable
  --narrow       also narrow what stands there to the programs, methods and paths that runs used
  --write        write what was learned into the file, which must exist
  --method M, --path P
                 the request that is meant; else any
  --program P    the program that is meant: its path, its script, and jit or nested where that is so; else CMD
  --json         one JSON value
  -h, --help

Exit status: diff 0 when nothing was opened or changed, or it was approved, 3 when OLD asks for an approval that is not there,
else 1; learn 1 when something was left out or could not be learned; explain 1
when it is denied; test 1 when one is not as expected; waivers 1 when one does not hold; 2 when a file or a word is wrong; else 0.

example: cofferdam policy learn latest
example: cofferdam policy explain --host registry.test:443
`;

const VERBS: Readonly<Record<string, (context: CommandContext) => Promise<number>>> = {
  diff,
  approve,
  learn: learnFrom,
  explain: explainPolicy,
  presets: policyPresets,
  test: testRules,
  waivers: policyWaivers,
};

async function run(context: CommandContext): Promise<number> {
  const [verb = '', ...args] = context.args;
  const found = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (found !== undefined) return found({ ...context, args });
  const why =
    verb === ''
      ? 'say diff, approve, learn, explain, presets, test or waivers'
      : `${JSON.stringify(verb)} is not one of diff, approve, learn, explain, presets, test, waivers`;
  const refused = refusal('usage', 'cli/arguments', why, 'see cofferdam policy --help');
  context.stderr.write(renderRefusal(refused));
  return exitStatus(refused);
}

export const command: Command = { help, run };
