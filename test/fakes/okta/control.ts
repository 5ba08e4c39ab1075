/** The stand-in driven over HTTP, for people and for drivers in another process: JSON in and out below `/control`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OktaStandIn } from '../okta.ts';
import type { SignIn } from './access.ts';
import type { DeliverySettings } from './delivery.ts';
import type { OktaFault } from './faults.ts';
import type { Allowance, LimitGroup } from './limits.ts';
import type { GivenEvent } from './log-event.ts';
import type { OrgSettings } from './org.ts';
import type { PersonSeed } from './people.ts';

type Body = Readonly<Record<string, unknown>>;
type Act = (okta: OktaStandIn, body: Body, query: URLSearchParams) => unknown;

const acts: Readonly<Record<string, Act>> = {
  'GET state': (okta) => ({ calls: okta.calls.length, writes: okta.writes().length, effects: okta.effects, above: okta.limits.above }),
  'GET calls': (okta, _, query) => ({ calls: okta.calls.slice(Number(query.get('from') ?? 0)) }),
  'GET access': (okta, _, query) => okta.access(query.get('person') ?? ''),
  'POST people': (okta, body) => ({ people: (body['people'] as PersonSeed[]).map((seed) => okta.addPerson(seed).id) }),
  'POST sign-ins': (okta, { person, ...given }) => okta.signIn(String(person), given as SignIn),
  'POST log': (okta, { event, publishedAt, persistedAt }) =>
    okta.log(event as GivenEvent, {
      ...(publishedAt ? { publishedAt: Number(publishedAt) } : {}),
      ...(persistedAt ? { persistedAt: Number(persistedAt) } : {}),
    }),
  'POST deliver': (okta) => okta.deliver(),
  'POST delivery': (okta, body) => {
    Object.assign(okta.delivery, body as Partial<DeliverySettings>);
    return {};
  },
  'POST clock': (okta, { set, advance }) => {
    if (set !== undefined) okta.clock.set(Number(set));
    if (advance !== undefined) okta.clock.advance(Number(advance));
    return { now: okta.clock.now() };
  },
  'POST settings': (okta, body) => Object.assign(okta.settings, body as Partial<OrgSettings>),
  'POST limits': (okta, { group = 'all', calls, perMs }) => {
    okta.limits.set(group as LimitGroup | 'all', { calls, perMs } as Allowance);
    return {};
  },
  'POST fault': (okta, body) => okta.fault(body as unknown as OktaFault),
  'DELETE fault': (okta) => {
    okta.heal();
    return {};
  },
  'POST reset': (okta) => {
    okta.reset();
    return {};
  },
};

export async function control(okta: OktaStandIn, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', okta.orgUrl);
  let text = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  const answer = (status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const act = acts[`${request.method} ${url.pathname.slice('/control/'.length)}`];
  if (!act) return void answer(404, { error: 'no such control' });
  try {
    answer(200, await act(okta, text === '' ? {} : (JSON.parse(text) as Body), url.searchParams));
  } catch (error) {
    answer(400, { error: error instanceof Error ? error.message : 'failed' });
  }
}
