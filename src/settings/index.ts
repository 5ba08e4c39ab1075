export { type ConnectionSettings, commonConnectionKeys } from './connections.ts';
export { type Demo, type DemoClient, type DemoRequest, renderDemo } from './demo.ts';
export { isLoopback } from './fields.ts';
export { judgingSettings } from './judging.ts';
export type { IdentitySettings, OperatorSettings } from './people.ts';
export { type ReadRequest, readSettings } from './read.ts';
export { configHash, diffSettings, type Fingerprint, type RedactedSettings, redactSettings, type SettingsChange } from './redact.ts';
export type { Settings } from './schema.ts';
export { renderTemplate } from './template.ts';
