/** The demo's story: somebody signs in, a partner reports the session revoked, the token stops counting, the log proves it. */
import { systemClock } from '../../app/system.ts';
import { verifyTlogProof } from '../../ledger/verifier/verify.ts';
import type { Demo } from '../../settings/index.ts';
import { type Client, CommandError, createClient } from '../client.ts';
import { signSessionRevoked } from './partner.ts';
import { createIntrospection, signIn } from './sign-in.ts';

export interface StoryParts {
  /** Where Rescind listens. */
  readonly origin: string;
  readonly demo: Demo;
  readonly partner: { readonly issuer: string; readonly key: string };
  readonly person: string;
  readonly ended: AbortSignal;
  readonly step: (text: string) => void;
}

export interface StoryResult {
  readonly ok: boolean;
  readonly timeToRevokeMs: number | null;
  readonly tokenActiveBefore: boolean;
  readonly tokenActiveAfter: boolean;
  readonly decisionId: string | null;
  readonly ledger: { readonly index: number | null; readonly treeSize: number | null; readonly verified: boolean };
}

const pollMs = 5;
const patienceMs = 15_000;

export async function tellStory({ origin, demo, partner, person, ended, step }: StoryParts): Promise<StoryResult> {
  const who = demo.people.find(({ id }) => id === person);
  if (who === undefined) throw new CommandError(`the demo organisation knows ${demo.people.map(({ id }) => id).join(', ')}`);
  const issuer = `${origin}/idp`;
  step(`${who.id} signs in at the sandbox`);
  const { accessToken } = await signIn(issuer, demo.clients.app, who);
  const isActive = await createIntrospection(issuer, demo.clients.checker);
  const tokenActiveBefore = await isActive(accessToken);

  step('the partner reports the session revoked');
  const client = createClient({ env: { RESCIND_URL: origin, RESCIND_TOKEN: demo.adminToken }, ended });
  const before = await newestDecision(client);
  const token = await signSessionRevoked(partner.key, partner.issuer, who.email, Math.floor(systemClock.now() / 1000));
  const startedMs = systemClock.elapsedMs();
  await push(origin, token, demo.authorizationHeader);

  step('until the token no longer counts');
  let active = await isActive(accessToken);
  while (active && systemClock.elapsedMs() - startedMs < patienceMs) {
    await systemClock.sleep(pollMs, ended);
    active = await isActive(accessToken);
  }
  const timeToRevokeMs = active ? null : Math.round((systemClock.elapsedMs() - startedMs) * 10) / 10;

  step('the log proves the decision');
  const decisionId = await newestDecision(client);
  const ledger =
    decisionId === null || decisionId === before ? { index: null, treeSize: null, verified: false } : await prove(client, decisionId);
  return {
    ok: tokenActiveBefore && !active && ledger.verified,
    timeToRevokeMs,
    tokenActiveBefore,
    tokenActiveAfter: active,
    decisionId,
    ledger,
  };
}

async function push(origin: string, token: string, authorization: string): Promise<void> {
  const response = await fetch(`${origin}/ssf/events/partner`, {
    method: 'POST',
    headers: { 'content-type': 'application/secevent+jwt', accept: 'application/json', authorization },
    body: token,
  });
  if (response.status !== 202) throw new CommandError(`the push was refused: ${response.status} ${await response.text()}`, 1);
}

async function newestDecision(client: Client): Promise<string | null> {
  const page = await client.get<{ items: { id: string }[] }>('/api/v1/decisions', { limit: '1', policy: 'RP-017' });
  return page.items[0]?.id ?? null;
}

async function prove(client: Client, decisionId: string): Promise<StoryResult['ledger']> {
  const { items } = await client.get<{ items: string[] }>('/api/v1/ledger/keys');
  const verdict = verifyTlogProof(await client.text(`/api/v1/decisions/${decisionId}/proof`), items);
  if (!verdict.ok) return { index: null, treeSize: null, verified: false };
  const isThisDecision = (JSON.parse(verdict.core ?? '{}') as { decisionId?: string }).decisionId === decisionId;
  return { index: verdict.index, treeSize: verdict.size, verified: isThisDecision };
}
