import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { profileIn, Workshop } from './job.fixture.ts';

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
  writeFileSync(
    join(workshop.work, 'page.html'),
    '<h1 id=at></h1><script>document.getElementById("at").textContent = "made by " + "the page"</script>',
  );
});
afterAll(() => workshop.remove());

const BROWSER =
  'chromium --headless --disable-gpu --no-first-run --disable-background-networking --user-data-dir=/tmp/profile';
const DUMP = `${BROWSER} --dump-dom "file://$PWD/page.html" 2>errors; cat errors >&2`;
/** Takes a picture, and meanwhile looks at every process of the browser that shows a page. */
const PICTURE = `
${BROWSER} --virtual-time-budget=3000 --screenshot=picture.png "file://$PWD/page.html" 2>/dev/null & shot=$!
for _ in $(seq 400); do
  for status in /proc/[0-9]*/status; do
    folder=\${status%/status}
    tr '\\0' ' ' <$folder/cmdline 2>/dev/null | grep -q -- --type=renderer || continue
    [ "$(readlink $folder/ns/user)" != "$(readlink /proc/self/ns/user)" ] || continue
    echo "renderer filters $(sed -n 's/^Seccomp_filters:\\t//p' $status) inner $(sed -n 's/^NSpid:\\t[0-9]*\\t//p' $status) network $([ "$(readlink $folder/ns/net)" = "$(readlink /proc/self/ns/net)" ] && echo shared || echo own)"
  done 2>/dev/null
  kill -0 $shot 2>/dev/null || break
done | sort | uniq -c
wait $shot
head -c 8 picture.png | od -An -c
`;

describe('Chromium with its own sandbox', () => {
  test('shows a page with profile browser', async () => {
    const { output, code, events } = await workshop.run(DUMP, 'browser');
    expect(output).toContain('made by the page');
    expect(output).not.toContain('No usable sandbox');
    expect(code).toBe(0);
    expect(profileIn(events)).toMatchObject({ name: 'browser' });
  });

  test('has it on: its pages are in namespaces of their own, behind a further filter, and it takes a picture', async () => {
    const { output } = await workshop.run(PICTURE, 'browser');
    expect(output).toContain('P   N   G');
    expect(output).toMatch(/renderer filters [2-9] inner [\d\s]+network own/);
  });

  test('says without it that it has no sandbox, and shows nothing', async () => {
    const { output } = await workshop.run(DUMP, undefined);
    expect(output).not.toContain('made by the page');
    expect(output).toMatch(/No usable sandbox|cannot open \/etc\/chromium\.d/);
  });
});
