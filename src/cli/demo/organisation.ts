/** The demo organisation on disk: its secrets are made once, its configuration is written at each start. */
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadPolicies } from '../../app/core.ts';
import { systemRandom } from '../../app/system.ts';
import type { RandomBytes } from '../../model/ids.ts';
import { type Demo, renderDemo, type Settings } from '../../settings/index.ts';
import type { CommandContext } from '../console.ts';
import { parseConfiguration } from '../settings.ts';
import type { Partner } from './partner.ts';

export interface DemoOrganisation {
  readonly demo: Demo;
  readonly settings: Settings;
}

/** What the partner's tokens are for: the demo listens on loopback, so this is a name and no address. */
export const demoAudience = 'https://rescind.demo.example';

/** A folder below the data folder whose files only its owner reads. The database's own folder may have another owner. */
export function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
}

export async function openOrganisation(folder: string, port: number, partner: Partner, context: CommandContext): Promise<DemoOrganisation> {
  const policies = join(context.programDir, 'policies');
  const bundle = await loadPolicies(policies);
  const demo = renderDemo({
    port,
    dataDir: folder,
    policies,
    policyIds: bundle.policies.policies.map((policy) => policy.id),
    partner: { issuer: partner.issuer, jwksUri: partner.jwksUri, audience: demoAudience },
    random: seededRandom(readOrMake(join(folder, 'seed'), () => Buffer.from(systemRandom(32)).toString('base64url'))),
  });
  const path = join(folder, 'rescind.yaml');
  writeFileSync(path, demo.text, { mode: 0o600 });
  // The demo's folder and database are its own, whatever the environment says of another service.
  const settings = await parseConfiguration(
    { path, text: demo.text },
    { workingDir: context.workingDir, env: { LOG_LEVEL: context.env['LOG_LEVEL'] || 'warn' } },
  );
  return { demo, settings };
}

/** The same secrets at each start: bytes drawn from one seed. */
function seededRandom(seed: string): RandomBytes {
  let drawn = 0;
  return (size) => {
    const blocks: Buffer[] = [];
    for (let have = 0; have < size; have += 32) blocks.push(createHmac('sha256', seed).update(`demo ${drawn++}`).digest());
    return Buffer.concat(blocks).subarray(0, size);
  };
}

export function readOrMake(path: string, make: () => string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const text = make();
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
    return text;
  }
}
