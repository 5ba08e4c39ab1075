/** What policies want: documents in, intent out. Pure. */
export { type CompileResult, compilePolicies } from './compile.ts';
export type { CompiledPolicies, CompiledPolicy, KnownNames } from './compiled.ts';
export { type Coverage, coverageOf, type Offer } from './coverage.ts';
export { decide } from './decide.ts';
export { type CompiledDetection, type CompiledDetections, compileDetections } from './detection/compile.ts';
export { runDetectionTests } from './detection/inline-tests.ts';
export { detectionKind } from './detection/schema.ts';
export { advance, type DetectionEvent, type Finding } from './detection/windows.ts';
export { type Configured, findDoubts } from './doubts.ts';
export { egressOf } from './egress.ts';
export { exceptionKind } from './exceptions.ts';
export { parseQuestion } from './hypothesis.ts';
export { type InlineResult, runInlineTests, type TestJudge } from './inline-tests.ts';
export { lintFiles, lintVersions, type PolicyFiles } from './lint-files.ts';
export { listKind } from './list-documents.ts';
export { type MutationScore, scoreMutations, scorePercent, wantedScore } from './mutation.ts';
export { policyKind } from './schema.ts';
export { type WhatIf, type WhatIfJudge, whatIf } from './what-if.ts';
