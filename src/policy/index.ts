/** What policies want: documents in, intent out. Pure. */
export { type CompileResult, compilePolicies, type KnownNames } from './compile.ts';
export type { CompiledPolicies, CompiledPolicy } from './compiled.ts';
export { decide } from './decide.ts';
export { type Configured, findDoubts } from './doubts.ts';
export { type InlineResult, runInlineTests, type TestJudge } from './inline-tests.ts';
export { policyJsonSchema } from './json-schema.ts';
export { lintFiles, lintVersions, type PolicyFiles } from './lint-files.ts';
export { type MutationScore, scoreMutations, scorePercent, wantedScore } from './mutation.ts';
