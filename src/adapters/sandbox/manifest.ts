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
  permissions: ['admin'],
  marks: [],
  concurrency: 16,
};
