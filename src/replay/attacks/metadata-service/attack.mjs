// Asks the metadata service for the credentials of the machine's role.
const places = {
  ipv4: '169.254.169.254',
  ipv6: '[fd00:ec2::254]',
  'ipv4-as-ipv6': '[::ffff:169.254.169.254]',
  'container-credentials': '169.254.170.2',
};
const way = process.argv[2];
const path = way === 'by-redirect' ? '/start' : '/latest/meta-data/iam/security-credentials/ci';
await fetch(`http://${places[way] ?? 'registry.test'}${path}`, { signal: AbortSignal.timeout(30_000) })
  .then(async (answer) => console.log(await answer.text()))
  .catch((error) => console.log(error.cause?.code ?? error.name));
