/** The half of the sandbox that listens: the OpenID provider, its sign-in pages and its admin API behind one handler. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdapterContext } from '../contract.ts';
import { createAccesses } from './access.ts';
import { createAdminApi } from './admin-api.ts';
import { createOpenId, mountPath } from './open-id.ts';
import { libraryContentSecurityPolicy } from './pages.ts';
import { createPasswords } from './passwords.ts';
import { createPeople } from './people.ts';
import { createSecondFactors } from './second-factor.ts';
import { deriveAdminToken, type SandboxSettings } from './settings.ts';
import { createSignIn } from './sign-in.ts';
import { createSignInSteps } from './sign-in-steps.ts';

/**
 * Adds the configured people, then answers requests below `/idp`, with or without that prefix in the URL. Unless the connection is a
 * trial, only callers on a loopback address are answered. Reads bodies itself: no body parser may have run before.
 */
export async function createProviderHalf(
  context: AdapterContext<SandboxSettings>,
): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  const { storage, settings, clock, random } = context;
  const passwords = createPasswords({ storage, clock, random, configured: settings.people });
  const people = createPeople({ storage, random, passwords, configured: settings.people });
  const factors = createSecondFactors(context);
  await people.seed();
  const provider = createOpenId(context, people, factors);
  const callback = provider.callback();
  const signIn = createSignIn(context, provider, createSignInSteps({ storage, clock, random, people, passwords, factors }), factors);
  const adminApi = createAdminApi({
    people,
    passwords,
    factors,
    accesses: createAccesses(storage, clock),
    storage,
    clock,
    token: settings.adminToken ?? deriveAdminToken(context.secret),
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!context.trial && !isLoopback(request.socket.remoteAddress)) return refuse(response, 403, 'auth.forbidden');
    const target = request.url ?? '/';
    const path = target === mountPath || target.startsWith(`${mountPath}/`) ? target.slice(mountPath.length) || '/' : target;
    // The library takes the difference between the two for its mount path.
    Object.assign(request, { url: path, originalUrl: `${mountPath}${path}` });
    const url = URL.parse(path, 'http://sandbox');
    if (!url) return refuse(response, 400, 'request.invalid');
    const interaction = /^\/interaction\/([A-Za-z0-9_-]{1,64})$/.exec(url.pathname)?.[1];
    if (interaction !== undefined) return signIn(request, response, interaction);
    if (url.pathname.startsWith('/admin/v1/')) {
      url.pathname = url.pathname.slice('/admin/v1'.length);
      return adminApi(request, response, url);
    }
    response.setHeader('content-security-policy', libraryContentSecurityPolicy);
    response.setHeader('x-content-type-options', 'nosniff');
    await callback(request, response);
  }

  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      context.log.error({ connection: context.connectionId, error: error instanceof Error ? error.name : 'unknown' }, 'sandbox.failed');
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'internal');
    });
  };
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ code }));
}
