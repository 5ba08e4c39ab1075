/** Okta's stand-in in a process of its own; it writes down as many events as it is asked for. */
import { startOkta } from '../test/fakes/okta.ts';
import { serveBench } from './child.ts';
import { oktaEvent } from './okta-events.ts';

export interface OktaReady {
  readonly orgUrl: string;
  readonly token: string;
  readonly people: readonly { readonly id: string; readonly login: string }[];
}

const { people: count } = JSON.parse(process.argv[2] ?? '{}') as { readonly people: number };
const okta = await startOkta({ people: count });
okta.limits.set('all', { calls: 1_000_000, perMs: 60_000 });
const people = Array.from({ length: count }, (_, n) => okta.person(`p${n + 1}@example.com`)).map(({ id, profile }) => ({
  id,
  login: profile.login,
}));
let logged = 0;

serveBench(
  { orgUrl: okta.orgUrl, token: okta.token, people } satisfies OktaReady,
  async ({ log }: { readonly log: number }) => {
    for (let n = 0; n < log; n++) okta.log(oktaEvent(logged++, people));
    return {};
  },
  () => okta.close(),
);
