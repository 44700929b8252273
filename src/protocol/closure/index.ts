/** What each set of holders can learn of a call: the closure behind protocol profile 4.1, 5.1 and 5.2. */
export {
  derivable,
  DIRECT,
  MESSAGES,
  RETARGETED,
  type Exchange,
  type Fact,
  type Party,
  type Scenario,
} from './knowledge.ts';
export {
  accessMatrix,
  minimalSets,
  recoveryMatrix,
  statements,
  type Access,
  type AccessRow,
  type RecoveryRow,
  type Statement,
} from './matrices.ts';
export { asItIs, whatIf, type Circumstances, type Entity, type Way, type WhatIfRow } from './what-if.ts';
