/** The configuration of the demo organisation: a sandbox on loopback, with people, a partner and policies that act. */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { RandomBytes } from '../model/ids.ts';

export interface DemoRequest {
  /** 0: any free port. */
  readonly port: number;
  /** A folder for the demo alone. */
  readonly dataDir: string;
  readonly policies: string;
  /** Shipped policies that the demo enforces by override. */
  readonly policyIds: readonly string[];
  /** Where the demo's own transmitter publishes its keys; absent: the demo has no partner. */
  readonly partner?: { readonly issuer: string; readonly jwksUri: string; readonly audience: string };
  readonly random: RandomBytes;
}

export interface Demo {
  /** The file's text; it holds the passwords in clear and belongs into a folder of mode 0700. */
  readonly text: string;
  readonly people: readonly { readonly id: string; readonly email: string; readonly password: string }[];
  /** What the partner must send with a push. */
  readonly authorizationHeader: string;
  /** A token for the API with the role admin; only its hash is in the file. */
  readonly adminToken: string;
  /** Clients of the sandbox: one through which people sign in, one that asks whether tokens are still active. */
  readonly clients: { readonly app: DemoClient; readonly checker: DemoClient };
}

export interface DemoClient {
  readonly id: string;
  readonly secret: string;
}

const people = [
  { id: 'alice', name: 'Alice Aas', groups: ['engineering'] },
  { id: 'bob', name: 'Bob Berg', groups: ['sales'] },
  { id: 'carol', name: 'Carol Christensen', groups: ['finance'] },
  { id: 'dan', name: 'Dan Dahl', groups: ['it-staff'], tier: 'standing' },
  { id: 'erin', name: 'Erin Eide', groups: ['engineering'] },
  { id: 'frank', name: 'Frank Foss', groups: ['engineering', 'it-staff'], tier: 'tier0' },
  { id: 'grace', name: 'Grace Gran', groups: ['sales'] },
  { id: 'break-glass', name: 'Break Glass', groups: ['break-glass'], tier: 'tier0' },
] as const;

/** Other passwords and tokens at each call. */
export function renderDemo(request: DemoRequest): Demo {
  const secret = (): string => Buffer.from(request.random(18)).toString('base64url');
  const seeded = people.map((person) => ({
    ...person,
    groups: [...person.groups],
    email: `${person.id}@demo.example`,
    password: secret(),
  }));
  const authorizationHeader = `Bearer ${secret()}`;
  const adminToken = `rsc_${secret()}`;
  const clients = { app: { id: 'demo-app', secret: secret() }, checker: { id: 'demo-checker', secret: secret() } };
  const document = {
    listen: { host: '127.0.0.1', port: request.port },
    dataDir: request.dataDir,
    policies: request.policies,
    enforcement: { default: 'report-only', connections: { sandbox: { mode: 'enforce', maxRung: 6 } } },
    overrides: Object.fromEntries([...request.policyIds].sort().map((id) => [id, 'enforce'])),
    organisation: { name: 'Demo organisation', timeZone: 'Etc/UTC', workingHours: '08:00-17:00' },
    connections: [
      {
        id: 'sandbox',
        provider: 'sandbox',
        people: seeded,
        clients: [
          { ...clients.app, redirectUris: ['http://127.0.0.1/callback'] },
          { ...clients.checker, introspects: true },
        ],
      },
    ],
    ...(request.partner === undefined
      ? {}
      : {
          transmitters: [
            {
              id: 'partner',
              ...request.partner,
              delivery: 'push',
              authorizationHeader,
              algorithms: ['RS256'],
              mayName: { formats: ['email', 'iss_sub'] },
            },
          ],
        }),
    operators: { tokens: [{ name: 'demo', sha256: createHash('sha256').update(adminToken).digest('hex'), roles: ['admin'] }] },
    identities: [{ id: 'break-glass', emails: ['break-glass@demo.example'], privileged: true, protected: true }],
    network: { allowPrivate: ['127.0.0.0/8'] },
  };
  const text = `# The demo organisation: made at the first start, loopback only, with passwords of its own. Safe to delete with its folder.\n${stringify(document, { lineWidth: 140 })}`;
  return { text, people: seeded.map(({ id, email, password }) => ({ id, email, password })), authorizationHeader, adminToken, clients };
}
