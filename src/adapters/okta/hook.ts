/** Okta's event hooks: one handshake, then batches under a secret of our choosing. The secret is no signature; it proves the sender, not the body. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { EventHook, HookReply, HookRequest } from '../contract.ts';
import { normalise } from './normalise.ts';
import { hookBodyLimitBytes, readHookBody } from './read-bodies.ts';

export interface HookOptions {
  readonly connection: string;
  readonly ownClientIds: ReadonlySet<string>;
  /** What Okta sends in `Authorization`: one, or both while it is being changed. Never empty. */
  readonly secrets: readonly [string, ...string[]];
}

const challengeHeader = 'x-okta-verification-challenge';
const longestChallenge = 1_024;

export function createOktaHook({ connection, ownClientIds, secrets }: HookOptions): EventHook {
  const expected = secrets.map(digest);

  /** All are compared, so that the time tells nothing of which one matched. */
  function isOkta(request: HookRequest): boolean {
    const sent = digest(request.header('authorization') ?? '');
    return expected.filter((one) => timingSafeEqual(one, sent)).length > 0;
  }

  return {
    limitBytes: hookBodyLimitBytes,
    receive(request, receivedAt) {
      if (request.method === 'GET') return shakeHands(request.header(challengeHeader));
      if (request.method !== 'POST') return refuse(405, 'method', false);
      if (!isOkta(request)) return refuse(401, 'secret', false);
      const body = readHookBody(request.body);
      if (!body.ok) return refuse(400, body.fault, true);
      return { kind: 'events', events: body.events.map((event) => normalise(event, { connection, ownClientIds, receivedAt })) };
    },
  };
}

/** Okta asks once whether the address is meant; it may ask without the secret, and learns nothing but its own words. */
function shakeHands(challenge: string | undefined): HookReply {
  if (challenge === undefined || challenge === '' || challenge.length > longestChallenge) return refuse(400, 'challenge', false);
  return { kind: 'answer', status: 200, json: { verification: challenge } };
}

function refuse(status: 400 | 401 | 405, code: string, proven: boolean): HookReply {
  return { kind: 'refused', status, code, proven };
}

/** Hashed first, so that lengths do not tell either. */
function digest(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
