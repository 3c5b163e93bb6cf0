/** The types of the document, as CEL has them, with what each field means: for the checker, the published schema and the page. */
export type FieldType =
  | 'string'
  | 'bool'
  | 'int'
  | 'list<string>'
  | 'map<string, string>'
  | TypeName
  | `list<${TypeName}>`;
export type TypeName = 'Run' | 'Workflow' | 'Job' | 'Step' | 'Finding' | 'Connection' | 'Result';
type Fields = Readonly<Record<string, readonly [FieldType, string]>>;

export const VARIABLES: Fields = {
  at: ['string', '`before`, `during` or `after`'],
  run: ['Run', 'what started it'],
  workflow: ['Workflow', 'the file; empty of `exec`'],
  job: ['Job', 'the job'],
  findings: ['list<Finding>', 'what `cofferdam check` says of the job; only before'],
  connection: ['Connection', 'the connection that is asked for; only during'],
  result: ['Result', 'what came of it; only after'],
};

export const TYPES: Readonly<Record<TypeName, Fields>> = {
  Run: {
    command: ['string', '`check`, `run` or `exec`'],
    event: ['string', 'the event, by GitHub’s name'],
    repository: ['string', '`owner/name`'],
    ref: ['string', 'the whole ref'],
    commit: ['string', 'the commit'],
    actor: ['string', 'who is said to have caused it'],
    fork: ['bool', 'the head is a fork, or nothing proves that it is not'],
  },
  Workflow: {
    path: ['string', 'within the repository'],
    name: ['string', 'as written'],
    triggers: ['list<string>', 'the events that it names'],
  },
  Job: {
    id: ['string', 'its id; `exec` of `cofferdam exec`'],
    zone: [
      'string',
      '`untrusted`, `internal` or `release`; of `check`, the highest that the run could prove',
    ],
    runsOn: ['list<string>', 'labels as written'],
    environment: ['string', 'name as written'],
    image: ['string', 'of its container'],
    uses: ['string', 'the reusable workflow that it calls'],
    permissions: [
      'map<string, string>',
      'scope to level as written for the job, or else for its workflow; `all` of `write-all`',
    ],
    permissionsSaid: ['bool', 'anything is written about permissions'],
    secrets: ['list<string>', 'names of the secrets that it asks for, in upper case'],
    timeoutMinutes: ['int', 'as written; 0 when nothing is, or it is computed'],
    steps: ['list<Step>', 'in order'],
  },
  Step: {
    name: ['string', 'as written'],
    uses: ['string', 'as written'],
    action: ['string', '`owner/name` of an action, in lower case'],
    ref: ['string', 'what stands behind its `@`'],
    run: ['string', 'the script'],
    shell: ['string', 'as written'],
    with: ['map<string, string>', 'inputs as written'],
    env: ['map<string, string>', 'variables as written'],
    line: ['int', 'where it stands'],
  },
  Finding: {
    rule: ['string', 'the rule of `cofferdam check`'],
    severity: ['string', '`info`, `low`, `medium` or `high`'],
    file: ['string', 'within the repository'],
    line: ['int', 'from 1'],
    message: ['string', 'what is wrong'],
  },
  Connection: {
    host: ['string', 'the name that was asked for, or the address'],
    port: ['int', 'the port'],
    protocol: ['string', '`tls`, `http` or `tcp`'],
    method: ['string', 'of the request, where requests are read; else empty'],
    path: ['string', 'of the request, where requests are read; else empty'],
    program: ['string', 'the executable, where the policy asks for programs; else empty'],
  },
  Result: {
    conclusion: ['string', '`success`, `failure` or `cancelled`'],
    denied: ['int', 'connections and questions that were denied'],
    hosts: ['list<string>', 'names that were reached'],
    gaps: ['int', 'where the record does not know everything'],
    durationMs: ['int', 'from its start to its end'],
  },
};

/** The document as a Markdown table, for the page. */
export function inputTable(): string {
  const rows = Object.entries(VARIABLES).flatMap(([name, [type, meaning]]) => {
    const inner = typeOf(type);
    return [
      `| \`${name}\` | ${type} | ${meaning} |`,
      ...(inner === undefined ? [] : fieldRows(type.startsWith('list') ? `${name}[]` : name, inner)),
    ];
  });
  return ['| field | type | what it is |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

function fieldRows(path: string, type: TypeName): readonly string[] {
  return Object.entries(TYPES[type]).flatMap(([name, [field, meaning]]) => {
    const inner = typeOf(field);
    return [
      `| \`${path}.${name}\` | ${field} | ${meaning} |`,
      ...(inner === undefined ? [] : fieldRows(`${path}.${name}[]`, inner)),
    ];
  });
}

/** The JSON Schema (draft 2020-12) of the document. */
export function inputSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What a rule is asked about',
    ...objectSchema(VARIABLES),
    $defs: Object.fromEntries(Object.entries(TYPES).map(([name, fields]) => [name, objectSchema(fields)])),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function objectSchema(fields: Fields): object {
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, [type, description]]) => [
        name,
        { ...fieldSchema(type), description },
      ]),
    ),
    required: Object.keys(fields),
    additionalProperties: false,
  };
}

function fieldSchema(type: FieldType): object {
  const inner = typeOf(type);
  if (inner !== undefined) {
    const reference = { $ref: `#/$defs/${inner}` };
    return type.startsWith('list') ? { type: 'array', items: reference } : reference;
  }
  switch (type) {
    case 'bool':
      return { type: 'boolean' };
    case 'int':
      return { type: 'integer' };
    case 'list<string>':
      return { type: 'array', items: { type: 'string' } };
    case 'map<string, string>':
      return { type: 'object', additionalProperties: { type: 'string' } };
    default:
      return { type: 'string' };
  }
}

/** The type of the document that a field is, or is a list of. */
export function typeOf(type: FieldType): TypeName | undefined {
  const name = /^(?:list<(\w+)>|(\w+))$/
    .exec(type)
    ?.slice(1)
    .find((one) => one !== undefined);
  return name !== undefined && Object.hasOwn(TYPES, name) ? (name as TypeName) : undefined;
}
