/** The risk that Okta itself holds a person to be. What its rules make of it, such as a sign-out everywhere, is theirs. */
import { z } from 'zod';
import type { ActionOrder } from '../../contract.ts';
import { readUser, shaped } from '../reads.ts';
import { defineVerb } from './verb.ts';

/** Okta shows others, and lets only these be written. */
const levels: Readonly<Record<string, 'HIGH' | 'LOW'>> = { high: 'HIGH', low: 'LOW' };
const levelOf = ({ parameters: { level } }: ActionOrder) => levels[String(level)];

export const riskSet = defineVerb<string>({
  fault(order) {
    const { level } = order.parameters;
    if (level === undefined) return 'parameterMissing';
    if (level === 'medium') return 'parameterUnsupported';
    return levelOf(order) === undefined ? 'parameterInvalid' : undefined;
  },
  async read(order, errand, tools) {
    const { id } = await readUser(order, errand, tools);
    const risk = await tools.okta.call(errand, (sdk) => sdk.userApi.getUserRisk({ userId: id }));
    return shaped(z.object({ riskLevel: z.string() }), risk).riskLevel;
  },
  open: (found, order) => (found === levelOf(order) ? undefined : 'riskDiffers'),
  async write(_found, order, errand, { okta }) {
    const riskLevel = levelOf(order) ?? 'HIGH';
    await okta.call(errand, (sdk) => sdk.userApi.upsertUserRisk({ userId: order.account, userRiskRequest: { riskLevel } }));
    return 1;
  },
});
