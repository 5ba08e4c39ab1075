/** The organisation whose Okta events the benches load: a fresh data folder, a thousand people, a stand-in for Okta, report-only. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import type { OktaServiceArgument, OktaServiceReady } from './okta-service.ts';
import type { OktaReady } from './okta-stand-in.ts';

export const hookSecret = 'hook-secret-of-the-bench';
const people = 1_000;

export interface OktaOrganisation {
  readonly folder: string;
  readonly okta: Child<OktaReady>;
  startService(pollSeconds: number, nodeOptions: readonly string[]): Promise<Child<OktaServiceReady>>;
  /** Ends everything and removes the folder. */
  close(): Promise<void>;
}

export async function openOktaOrganisation(): Promise<OktaOrganisation> {
  const folder = mkdtempSync(join(tmpdir(), `rescind-bench-${process.pid}-`));
  chmodSync(folder, 0o711);
  const okta = await startChild<OktaReady>('okta-stand-in.ts', { people });
  const services: Child<OktaServiceReady>[] = [];
  return {
    folder,
    okta,
    async startService(pollSeconds, nodeOptions) {
      const { orgUrl, token } = okta.ready;
      const argument: OktaServiceArgument = { folder, pollSeconds, okta: { orgUrl, token }, people: okta.ready.people, secret: hookSecret };
      const service = await startChild<OktaServiceReady>('okta-service.ts', argument, nodeOptions);
      services.push(service);
      return service;
    },
    async close() {
      await Promise.all(services.map((service) => service.stop()));
      await okta.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
