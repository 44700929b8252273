/** Elliptic-curve Diffie-Hellman of the key agreement: curves, scalars, points, and the commitment check. */
export { assertPoint, ecCurve, type CurveNumber, type EcCurve } from './curves.ts';
export { commitmentHolds, publicPoint, randomScalar, sharedPoint } from './agreement.ts';
