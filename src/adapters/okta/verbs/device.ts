/**
 * A device is suspended for everybody who uses it. Its id comes with the order's parameters: it is no account. Nothing gives one back by
 * itself, so an order that names an end is refused rather than left without one.
 */
import { z } from 'zod';
import { shaped } from '../reads.ts';
import { defineVerb } from './verb.ts';

const deviceSchema = z.object({ id: z.string(), status: z.string() });

export const deviceDisable = defineVerb<z.output<typeof deviceSchema>>({
  fault: ({ parameters: { deviceId, expires } }) => {
    if (expires !== undefined) return 'parameterUnsupported';
    return typeof deviceId === 'string' ? undefined : 'parameterMissing';
  },
  async read({ parameters }, errand, { okta }) {
    const deviceId = String(parameters.deviceId);
    return shaped(deviceSchema, await okta.call(errand, (sdk) => sdk.deviceApi.getDevice({ deviceId })));
  },
  open: ({ status }) => (status === 'SUSPENDED' || status === 'DEACTIVATED' ? undefined : 'deviceActive'),
  bar: ({ status }) => (status === 'ACTIVE' ? undefined : 'deviceNotActive'),
  async write({ id }, _order, errand, { okta }) {
    await okta.call(errand, (sdk) => sdk.deviceApi.suspendDevice({ deviceId: id }));
    return 1;
  },
});
