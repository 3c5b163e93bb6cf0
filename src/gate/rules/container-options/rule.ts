import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Text } from '../../../workflow/index.ts';
import type { ShellCommand } from '../../shell/script.ts';
import { pieceSpan } from '../../repository/tree.ts';

export const rule: Rule = {
  id: 'container-options',
  title: 'A container is given what takes its walls away',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§1', '§7'],
  alsoKnownAs: [],
  check,
};

/** An option that opens a container, and what it opens. */
const OPENS: readonly (readonly [RegExp, string])[] = [
  [/^--privileged(?:=true)?$/, 'is root on the machine that runs it'],
  [/^--(?:network|net)=host$/, 'stands in the network of the machine that runs it'],
  [/^--(?:pid|ipc|uts|userns)=host$/, 'shares a namespace with the machine that runs it'],
  [
    /^--cap-add=(?:ALL|SYS_ADMIN|SYS_PTRACE|SYS_MODULE|SYS_RAWIO|DAC_READ_SEARCH|BPF)$/i,
    'has a capability that opens the machine',
  ],
  [/^--security-opt=(?:seccomp|apparmor)[=:]unconfined$/, 'is held by no profile'],
  [/^--device=\/dev\/(?:mem|kmem|sd|nvme|kvm)/, 'has a device of the machine'],
];
const MOUNTS: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:type=bind,)?(?:src=|source=)?\/(?:var\/)?run\/(?:docker|containerd\/containerd|podman\/podman)\.sock\b/,
    'has the container daemon, and so the machine',
  ],
  [/^(?:type=bind,)?(?:src=|source=)?\/(?:,|:|$)/, 'has the whole file system of the machine'],
  [
    /^(?:type=bind,)?(?:src=|source=)?\/(?:etc|proc|sys|root|boot)(?:\/|:|,|$)/,
    'has folders of the machine that decide over it',
  ],
];

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs)
      for (const container of [...(job.container === undefined ? [] : [job.container]), ...job.services]) {
        const given = (text: Text, why: string): Found => ({
          at: spanOf(file.source, text.at, text.text.length),
          job: job.id,
          message: `a container of the job ${job.id} ${why}`,
          fix: 'take the option away; what needs it runs in a machine that is thrown away',
        });
        for (const why of opened((container.options?.text ?? '').split(/\s+/)))
          if (container.options !== undefined) yield given(container.options, why);
        for (const volume of container.volumes)
          for (const [pattern, why] of MOUNTS) if (pattern.test(volume.text)) yield given(volume, why);
      }
  for (const site of subject.sites) {
    const { run } = site.step;
    if (run === undefined) continue;
    for (const command of subject.script(site)?.commands ?? []) {
      const words = containerArguments(command);
      for (const why of opened(words))
        yield {
          at: pieceSpan(site.file.source, run, command.text),
          severity: 'medium',
          message: `the container that ${command.name} starts ${why}`,
          fix: 'take the option away; what needs it runs in a machine that is thrown away',
          ...(site.job !== undefined && { job: site.job.id }),
        };
    }
  }
}

function containerArguments(command: ShellCommand): readonly string[] {
  const words = [command.name, ...command.words.map(({ value }) => value)];
  const at = words.findIndex((word) => word === 'docker' || word === 'podman');
  return at !== -1 && ['run', 'create', 'exec'].includes(words[at + 1] ?? '') ? words.slice(at + 2) : [];
}

/** `--option value` is `--option=value`. */
function opened(words: readonly string[]): readonly string[] {
  return words.flatMap((word, index) => {
    const whole =
      word.startsWith('--') && !word.includes('=') && word !== '--privileged'
        ? `${word}=${words[index + 1] ?? ''}`
        : word;
    const mount = ['-v', '--volume', '--mount'].includes(word)
      ? (words[index + 1] ?? '')
      : /^--(?:volume|mount)=(.*)$/.exec(word)?.[1];
    return [
      ...OPENS.filter(([pattern]) => pattern.test(whole)).map(([, why]) => why),
      ...(mount === undefined ? [] : MOUNTS.filter(([pattern]) => pattern.test(mount)).map(([, why]) => why)),
    ];
  });
}
