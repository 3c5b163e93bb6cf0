// What `install.js` leaves behind: once a second, for ten seconds, it tries to send the same constant string again.
const end = Date.now() + 10_000;
while (Date.now() < end) {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await fetch('https://collector.test/late', {
    method: 'POST',
    body: 'a-constant-string-and-nothing-else',
    signal: AbortSignal.timeout(1_000),
  }).catch(() => undefined);
}
