/** What policies want: documents in, intent out. Pure. */
export { type CompileResult, compilePolicies, type KnownNames } from './compile.ts';
export type { CompiledPolicies, CompiledPolicy } from './compiled.ts';
export { decide } from './decide.ts';
export { type CompiledDetection, type CompiledDetections, compileDetections } from './detection/compile.ts';
export { runDetectionTests } from './detection/inline-tests.ts';
export { advance, type DetectionEvent, type Finding } from './detection/windows.ts';
export { type InlineResult, runInlineTests, type TestJudge } from './inline-tests.ts';
export { policyJsonSchema } from './json-schema.ts';
