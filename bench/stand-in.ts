/** The provider's stand-in in a process of its own. */
import { startSandboxProvider } from '../test/fakes/sandbox-provider.ts';
import { serveBench } from './child.ts';

export interface StandInReady {
  readonly baseUrl: string;
  readonly token: string;
}

export type StandInOrder =
  /** Gives each of the people a session. */
  | { readonly signIn: readonly string[] }
  /** Asks for the calls so far. */
  | { readonly calls: true };

const { people } = JSON.parse(process.argv[2] ?? '{}') as { readonly people: readonly string[] };
const provider = await startSandboxProvider({ people });

serveBench(
  { baseUrl: provider.baseUrl, token: provider.token } satisfies StandInReady,
  async (order: StandInOrder) => {
    if ('calls' in order) return provider.calls.map(({ path, at }) => ({ path, at }));
    for (const person of order.signIn) provider.signIn(person);
    return {};
  },
  () => provider.close(),
);
