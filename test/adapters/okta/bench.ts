/** The Okta adapter connected to its stand-in. */
import type { Adapter } from '../../../src/adapters/contract.ts';
import { createHttpClient, type HttpClient } from '../../../src/adapters/http.ts';
import { type OktaSettings, okta, oktaSettingsSchema } from '../../../src/adapters/okta/index.ts';
import type { Clock } from '../../../src/model/clock.ts';
import type { Log } from '../../../src/model/log.ts';
import { createMemoryStorage } from '../../fakes/memory-storage.ts';
import type { OktaStandIn } from '../../fakes/okta.ts';
import { createRealClock } from '../../support/clock.ts';

export function recordingLog(): Log & { text(): string } {
  const lines: string[] = [];
  const write = (fields: Readonly<Record<string, unknown>>, event: string) => void lines.push(JSON.stringify({ ...fields, event }));
  return { info: write, warn: write, error: write, text: () => lines.join('\n') };
}

export interface Connected {
  readonly adapter: Adapter;
  readonly log: ReturnType<typeof recordingLog>;
  readonly storage: ReturnType<typeof createMemoryStorage>;
  readonly settings: OktaSettings;
  close(): Promise<void>;
}

/** With the stand-in's own token unless other members of the connection are given. `between` stands before the HTTP client. */
export async function connect(
  standIn: Pick<OktaStandIn, 'orgUrl' | 'token'>,
  given: Readonly<Record<string, unknown>> = {},
  {
    clock = createRealClock(),
    storage = createMemoryStorage(clock),
    between = (http) => http,
  }: { clock?: Clock; storage?: Connected['storage']; between?: (http: HttpClient) => HttpClient } = {},
): Promise<Connected> {
  const log = recordingLog();
  const http = between(createHttpClient({ allowPrivate: ['127.0.0.1'], clock, log }));
  const settings = oktaSettingsSchema.parse({ orgUrl: standIn.orgUrl, auth: { token: standIn.token }, ...given });
  const context = { connectionId: 'okta-main', settings, http, storage, clock, log, origin: 'http://127.0.0.1:1' };
  const adapter = await okta.create({
    ...context,
    random: (size) => new Uint8Array(size),
    secret: () => new Uint8Array(32),
  });
  return {
    adapter,
    log,
    storage,
    settings,
    async close() {
      await adapter.close?.();
      await http.close();
    },
  };
}
