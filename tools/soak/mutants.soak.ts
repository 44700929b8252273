/** The mutants that npm test leaves out. About a minute. */
import { describeNoticed } from '../../test/mutation/noticed.ts';

describeNoticed('long');
