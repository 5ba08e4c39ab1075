/** What the sandbox can do, and what outlives each of it. */
import type { Manifest } from '../contract.ts';

export const manifest: Manifest = {
  provider: 'sandbox',
  actions: {
    'session.revoke': {
      support: 'full',
      readBack: true,
      inverse: 'none',
      residual: 'Access and refresh tokens that were issued before live on until they expire or token.revoke ends them.',
    },
    'token.revoke': {
      support: 'full',
      readBack: true,
      inverse: 'none',
      residual: 'A session that is left alive can obtain new tokens.',
    },
    'grant.revoke': {
      support: 'full',
      readBack: true,
      inverse: 'none',
      residual: 'Access tokens that were issued under the consents live on until they expire or token.revoke ends them.',
    },
    'mfa.require': {
      support: 'full',
      readBack: true,
      inverse: 'mfa.lift',
      residual: 'Tokens that were issued before are not asked; they live on until they expire or token.revoke ends them.',
    },
    'mfa.lift': {
      support: 'full',
      readBack: true,
      inverse: 'none',
      residual: 'Nobody is asked for a second factor any more.',
    },
    'mfa.reset': {
      support: 'full',
      readBack: true,
      inverse: 'none',
      residual: 'Sessions and tokens live on, and whoever knows the password enrols the new factor when one is demanded.',
    },
    'password.expire': {
      support: 'full',
      readBack: true,
      inverse: 'none',
      residual: 'Sessions and tokens live on, and whoever knows the old password can set the new one.',
    },
    'account.suspend': {
      support: 'full',
      readBack: true,
      inverse: 'account.restore',
      residual: 'Nothing at the provider: sessions and tokens rest, and count again once the account is restored unless they are ended.',
    },
    'account.disable': {
      support: 'full',
      readBack: true,
      inverse: 'account.restore',
      residual: 'Nothing at the provider: sessions and tokens rest, and count again once the account is restored unless they are ended.',
    },
    'account.restore': {
      support: 'full',
      readBack: true,
      inverse: 'none',
      residual: 'Sessions and tokens that rested with the account count again.',
    },
  },
  permissions: { read: ['admin'], write: ['admin'] },
  marks: [],
  concurrency: 16,
};
