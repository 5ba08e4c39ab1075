/** Provider `sandbox`: an OpenID provider of our own at `/idp`, and the adapter that acts on it. */
import { AppError } from '../../model/errors.ts';
import type { AdapterDefinition } from '../contract.ts';
import { createSandboxAdapter } from './adapter.ts';
import { manifest } from './manifest.ts';
import { createProviderHalf } from './provider-half.ts';
import { sandboxSettingsSchema } from './settings.ts';

export { builtInClients, deriveAdminToken, deriveClientSecret, type SandboxSettings, sandboxSettingsSchema } from './settings.ts';

/**
 * With `baseUrl` the adapter acts on a sandbox elsewhere and has no handler. Without it, it serves one at `<origin>/idp`, which must be a
 * loopback origin unless the connection is a trial; the configured people are added when it is made.
 */
export const sandbox: AdapterDefinition<typeof sandboxSettingsSchema> = {
  provider: 'sandbox',
  manifest,
  settings: sandboxSettingsSchema,
  async create(context) {
    const adapter = createSandboxAdapter(context);
    if (context.settings.baseUrl !== undefined) return adapter;
    const host = URL.parse(context.origin)?.hostname ?? '';
    if (!context.trial && !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host)) {
      throw new AppError(
        'adapter.misconfigured',
        `${context.connectionId}: a sandbox is served on a loopback address only, unless it says trial: true`,
      );
    }
    return { ...adapter, handler: await createProviderHalf(context) };
  },
};
