/** Signing in and consenting: the pages between an authorization request and its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Provider } from 'oidc-provider';
import type { AdapterContext } from '../contract.ts';
import { kinds } from './kinds.ts';
import { mountPath } from './open-id.ts';
import { consentPage, contentSecurityPolicy, messagePage, newPasswordPage, secondFactorPage, signInPage } from './pages.ts';
import { readBody } from './read-body.ts';
import { type SecondFactors, secondFactorAcr } from './second-factor.ts';
import type { SandboxSettings } from './settings.ts';
import type { SignInSteps, Step } from './sign-in-steps.ts';

const deviceCookie = 'rescind_idp_device';
const pendingLifetimeMs = 600_000;
const deviceLifetimeSeconds = 400 * 86_400;

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/**
 * GET shows the form of the interaction whose cookie the browser sends, POST answers it. A device gets an id in a cookie of its own at
 * its first sign-in and keeps it. Signing in gives the client a fresh grant; a grant is never written twice.
 */
export function createSignIn(context: AdapterContext<SandboxSettings>, provider: Provider, steps: SignInSteps, factors: SecondFactors) {
  const { storage, clock, random, origin } = context;

  return async (request: IncomingMessage, response: ServerResponse, uid: string): Promise<void> => {
    const interaction = await findInteraction(request, response, uid);
    if (!interaction) return send(response, 400, messagePage('This sign-in has ended', 'Go back to the application and start again.'));
    if (request.method === 'GET') return show(response, interaction, await steps.current(interaction.uid));
    if (request.method !== 'POST') {
      response.setHeader('allow', 'GET, POST');
      return send(response, 405, messagePage('Not allowed', 'This page takes GET and POST.'));
    }
    const from = request.headers.origin;
    if (from !== undefined && from !== 'null' && from !== origin)
      return send(response, 403, messagePage('Not allowed', 'The form came from another site.'));
    const body = await readBody(request, 8_192);
    if (!body.ok) return send(response, body.status, messagePage('Not understood', 'The form could not be read.'));
    const form = new URLSearchParams(body.text);
    const denied = { error: 'access_denied', error_description: 'the person did not agree' };
    if (form.get('do') === 'cancel') return provider.interactionFinished(request, response, denied, { mergeWithLastSubmission: false });
    if (interaction.prompt.name === 'login') return signIn(request, response, interaction, form);
    const account = interaction.session?.accountId;
    if (account === undefined)
      return send(response, 400, messagePage('This sign-in has ended', 'Go back to the application and start again.'));
    const consent = { grantId: await giveGrant(interaction, account) };
    return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
  };

  async function signIn(
    request: IncomingMessage,
    response: ServerResponse,
    interaction: Interaction,
    form: URLSearchParams,
  ): Promise<void> {
    const step = await steps.take(interaction.uid, form);
    if (step.ask !== 'done') return show(response, interaction, step);
    const { person, secondFactor, kept } = step;
    const deviceId = readCookie(request, deviceCookie) ?? Buffer.from(random(16)).toString('base64url');
    const begunAt = clock.now();
    const pending = {
      value: { account: person.id, deviceId, begunAt },
      account: person.id,
      expiresAt: begunAt + pendingLifetimeMs,
    };
    const gate = { kind: kinds.proof, key: interaction.uid };
    // Sessions were ended while the page asked for more: what it had proved went with them.
    if (!(await storage.put(kinds.pendingSignIn, interaction.uid, pending, kept ? { onlyIf: gate } : {})))
      return show(response, interaction, { ask: 'signIn', email: '' });
    await storage.delete(kinds.proof, interaction.uid);
    if (secondFactor) await factors.met(person.id);
    const grantId = await giveGrant(interaction, person.id);
    const secure = origin.startsWith('https:') ? '; Secure' : '';
    response.setHeader(
      'set-cookie',
      `${deviceCookie}=${deviceId}; Path=${mountPath}; HttpOnly; SameSite=Lax; Max-Age=${deviceLifetimeSeconds}${secure}`,
    );
    const means = secondFactor ? { amr: ['pwd', 'otp', 'mfa'], acr: secondFactorAcr } : { amr: ['pwd'] };
    const login = { accountId: person.id, ...means, ts: Math.floor(begunAt / 1000) };
    return provider.interactionFinished(request, response, { login, consent: { grantId } }, { mergeWithLastSubmission: false });
  }

  async function giveGrant(interaction: Interaction, accountId: string): Promise<string> {
    const grant = new provider.Grant({ accountId, clientId: String(interaction.params.client_id) });
    grant.addOIDCScope(String(interaction.params.scope ?? 'openid'));
    return grant.save();
  }

  async function findInteraction(request: IncomingMessage, response: ServerResponse, uid: string): Promise<Interaction | undefined> {
    try {
      const interaction = await provider.interactionDetails(request, response);
      return interaction.uid === uid ? interaction : undefined;
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return undefined;
      throw error;
    }
  }

  async function show(response: ServerResponse, interaction: Interaction, step: Step): Promise<void> {
    const id = String(interaction.params.client_id);
    const client = (await provider.Client.find(id))?.clientName ?? id;
    const action = `${mountPath}/interaction/${interaction.uid}`;
    if (interaction.prompt.name !== 'login')
      return send(response, 200, consentPage(client, action, String(interaction.params.scope ?? '').split(' ')));
    const status = 'fault' in step && step.fault !== undefined ? 401 : 200;
    switch (step.ask) {
      case 'newPassword':
        return send(response, status, newPasswordPage(action, step));
      case 'code':
        return send(response, status, secondFactorPage(action, step));
      case 'closed':
        return send(response, 403, messagePage('You cannot sign in', 'This account is closed at present. Ask your help desk.'));
      case 'signIn':
        return send(response, status, signInPage(client, action, step));
      case 'done':
        return send(response, 200, signInPage(client, action, { email: '' }));
      default:
        return step satisfies never;
    }
  }
}

function readCookie(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name && value !== undefined && /^[A-Za-z0-9_-]{16,64}$/.test(value)) return value;
  }
  return undefined;
}

function send(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  response.end(html);
}
